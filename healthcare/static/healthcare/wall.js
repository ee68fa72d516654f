// The wall: what the beds tell comes by the stream and is patched into the page as it was served. Beds never move.

import { ScreenAudio } from "./audio.js";
import { drawAudio, drawBanner, drawTally, linkAge } from "./banner.js";
import { begin, boxNow } from "./moments.js";
import { drawKeys, orders } from "./orders.js";
import { setText } from "./patch.js";
import { drawRail } from "./rail.js";
import { sector } from "./sector.js";
import { soundingOf } from "./sounds.js";
import { linkLost, wardShown } from "./told.js";
import { repaint, waves } from "./waves.js";

const WARD = "ward";
const DAY_KEY = "edgewise-day";
const SILENT_S = 5; // without a beat for so long the screen knows nothing any more
const root = document.querySelector("[data-wall]");
const state = JSON.parse(root.dataset.state);
root.removeAttribute("data-state");
const { places, beds } = state;
let { ward, stale } = state;
let lineAgeS = null;
let beatAt = performance.now();
let wardToldAt = state.now_utc_s;
let due = false;

begin(root.dataset.zone, state.now_utc_s);
waves(state.wave_delay_s);
const audio = new ScreenAudio(() => later());
const drawn = new Map();
for (const [name, label] of places) {
  const element = root.querySelector(`[data-sector="${CSS.escape(name)}"]`);
  drawn.set(name, sector(element, label, { privacy: state.privacy, waveNames: state.wave_names }));
  drawn.get(name)(beds[name]);
}

function draw() {
  due = false;
  const told = places.map(([name]) => beds[name]);
  const lost = stale || performance.now() - beatAt > 1000 * SILENT_S;
  const heard = audio.heed(told, ward, linkLost(ward, lost));
  const shown = wardShown(places, beds, ward, heard, lost);
  root.classList.toggle("station--lost", shown.lost);
  drawBanner(shown.banner);
  drawTally(shown.tally);
  drawAudio(heard);
  drawRail(shown);
  const rows = [...shown.active, ...shown.ended, ...shown.technical.filter((row) => row.station)];
  drawKeys(rows, { paused: heard.until_utc_s !== null, sounds: shown.lost || soundingOf(told).priority !== "" });
  setText(root.querySelector("[data-charge]"), typeof ward.roster?.charge === "string" ? ward.roster.charge : "");
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
  } else if (drawn.has(station)) {
    beds[station] = { ...beds[station], ...data };
    drawn.get(station)(beds[station]);
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

orders({
  silence: () => audio.silence(state.pause_s),
  startAudio: () => { if (audio.commissioned) audio.start(); else location.assign("/audio-check"); },
});
root.querySelector("[data-audio]").addEventListener("click", () => { if (!audio.commissioned) location.assign("/audio-check"); });

// Colours of the day, where somebody wants them at this screen.
function colours(day) {
  if (day) root.dataset.theme = "ward-day";
  else delete root.dataset.theme;
  setText(root.querySelector("[data-day]"), day ? "Night colours" : "Day colours");
  repaint();
}
if (root.dataset.theme || localStorage.getItem(DAY_KEY)) colours(true);
root.querySelector("[data-day]").addEventListener("click", () => {
  const day = !root.dataset.theme;
  localStorage.setItem(DAY_KEY, day ? "1" : "");
  colours(day);
});
draw();
