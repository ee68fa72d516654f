// What goes on on every page of the station: the highest alarm in the banner, the audio, the loss of the link, the colours
// of the day. A page listens on `root` for "station:bed" ({station, bed}) and "station:drawn" (all that `told.js` says,
// what sounds, and `away`: the line is not heard, so that no order would reach it).

import { ScreenAudio, screenName } from "./audio.js";
import { drawAudio, drawBanner, drawTally, linkAge } from "./banner.js";
import { begin, boxNow } from "./moments.js";
import { setText } from "./patch.js";
import { soundingOf } from "./sounds.js";
import { linkLost, wardShown } from "./told.js";

const WARD = "ward";
const DAY_KEY = "edgewise-day";
const SILENT_S = 5; // without a beat for so long the screen knows nothing any more

export const root = document.querySelector("[data-station]");
export const state = JSON.parse(root.dataset.state);
root.removeAttribute("data-state");
const { places, beds } = state;
const known = new Set(places.map(([name]) => name));
let { ward, stale } = state;
let lineAgeS = null;
let beatAt = performance.now();
let wardToldAt = state.now_utc_s;
let due = false;

begin(root.dataset.zone, state.now_utc_s);
export const audio = new ScreenAudio(() => later());
const say = (name, detail) => root.dispatchEvent(new CustomEvent(name, { detail }));

export function draw() {
  due = false;
  const told = places.map(([name]) => beds[name]);
  const lost = stale || performance.now() - beatAt > 1000 * SILENT_S;
  const heard = audio.heed(told, ward, linkLost(ward, lost));
  const shown = wardShown(places, beds, ward, heard, lost, screenName());
  root.classList.toggle("station--lost", shown.lost);
  drawBanner(shown.banner);
  drawTally(shown.tally);
  drawAudio(heard);
  setText(root.querySelector("[data-charge]"), typeof ward.roster?.charge === "string" ? ward.roster.charge : "");
  const sounds = shown.lost || soundingOf([...told, ward]).priority !== "";
  say("station:drawn", { shown, away: lost, sound: { paused: heard.until_utc_s !== null, sounds } });
}

// Once for all that came in the same moment.
function later() {
  if (due) return;
  due = true;
  queueMicrotask(draw);
}

document.addEventListener("ew:live", ({ detail: { station, data } }) => {
  if (station === WARD) {
    ward = { ...ward, ...data };
    if (data.feeds) wardToldAt = boxNow();
    later();
  } else if (known.has(station)) {
    beds[station] = { ...beds[station], ...data };
    say("station:bed", { station, bed: beds[station] });
    later();
  }
});
document.addEventListener("ew:beat", ({ detail }) => {
  beatAt = performance.now();
  lineAgeS = detail.line_age_s;
  stale = detail.stale;
  later();
});
setInterval(() => {
  linkAge(ward, wardToldAt, lineAgeS);
  later();
}, 1000);

// What cannot sound yet is heard in the audio check; what only waits for a touch starts by it.
export function startAudio() {
  if (audio.commissioned) audio.start();
  else if (location.pathname !== "/audio-check") location.assign("/audio-check");
}
root.querySelector("[data-audio]").addEventListener("click", startAudio);

// Colours of the day, where somebody wants them at this screen.
function colours(day) {
  if (day) root.dataset.theme = "ward-day";
  else delete root.dataset.theme;
  setText(root.querySelector("[data-day]"), day ? "Night colours" : "Day colours");
  say("station:colours");
}
if (root.dataset.theme || localStorage.getItem(DAY_KEY)) colours(true);
root.querySelector("[data-day]").addEventListener("click", () => {
  const day = !root.dataset.theme;
  localStorage.setItem(DAY_KEY, day ? "1" : "");
  colours(day);
});
later();
