// What people order at the wall. The keys are about the alarm that was tapped, else about the highest one that nobody has
// acknowledged; what a finger came down on counts, whatever comes while it is there.

import { post } from "/static/ui/post.js";
import { drawPicked } from "./rail.js";
import { minutes } from "./told.js";
import { field, setHidden, setText } from "./patch.js";

const PICK_MS = 15000;
const TOAST_MS = 4000;
const toastBox = document.querySelector("[data-toast]");
const rail = document.querySelector(".rail");
const keys = {};
for (const key of rail.querySelectorAll("[data-do]")) keys[key.dataset.do] = key;
const pauseS = Number(keys["pause-audio"].dataset.pauseS);

let rows = [];
let picked = { key: "", until: 0 };
let pressed = null;
let paused = false;
let hears = false;
let noLine = false;
let quieten = () => false; // silences what this screen sounds by itself; whether there was anything
let toastTimer = 0;

export function toast(text) {
  setText(toastBox.firstElementChild, text);
  setHidden(toastBox, false);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => setHidden(toastBox, true), TOAST_MS);
}

// `found`: every row of the rail that is an alarm of a bed, the most urgent first.
// `sound`: whether the audio is paused, and whether anything would sound. `away`: no order would reach the line, and no key
// looks as if it did; what this screen sounds by itself can be paused all the same.
export function drawKeys(found, sound, away) {
  rows = found;
  noLine = away;
  paused = sound.paused;
  hears = sound.paused || sound.sounds;
  if (picked.key && (performance.now() > picked.until || !rows.some((row) => row.key === picked.key))) picked.key = "";
  drawPicked(picked.key);
  const row = target();
  keys.acknowledge.toggleAttribute("disabled", noLine || !row || row.acknowledged);
  setText(field(keys.acknowledge, "acknowledge"), wordOf(row));
  for (const name of ["accept", "busy"]) keys[name].toggleAttribute("disabled", noLine || !row || row.accepted || row.acknowledged || row.look === "latched" || !row.bed);
  keys["pause-audio"].toggleAttribute("disabled", !hears);
  setText(field(keys["pause-audio"], "pause"), paused ? "Resume audio" : `Pause audio ${minutes(pauseS)}`);
}

const target = () => rows.find((row) => row.key === picked.key) || rows.find((row) => !row.acknowledged) || null;

function wordOf(row) {
  if (noLine) return "No link: nothing can be acknowledged";
  return row ? `${row.acknowledged ? "Acknowledged" : "Acknowledge"} ${placeOf(row)}` : "Nothing to acknowledge";
}

const placeOf = (row) => (row.bed ? `bed ${row.bed}` : "ward alarm");

const DONE = {
  acknowledge: (row) => (row.bed ? `Bed ${row.bed} acknowledged` : "Alarm of the ward acknowledged"),
  accept: (row) => `Bed ${row.bed} accepted`,
  busy: (row) => `Bed ${row.bed} passed on`,
  "pause-audio": () => `Audio paused for ${minutes(pauseS)}. A new alarm sounds.`,
  "resume-audio": () => "Audio on again",
};

async function order(name, row, key) {
  if (key.getAttribute("aria-busy") === "true") return;
  key.setAttribute("aria-busy", "true");
  try {
    const answer = await post(`/order/${name}`, row ? { alarm: row.key } : {});
    const said = await answer.json().catch(() => ({ reason: `The box answered ${answer.status}` }));
    const own = name === "pause-audio" && quieten();
    toast(said.accepted || own ? DONE[name](row) : said.reason || said.error || "Refused");
  } finally {
    key.removeAttribute("aria-busy");
  }
}

export function orders({ silence, startAudio }) {
  quieten = silence;
  rail.addEventListener("pointerdown", ({ target: at }) => {
    const key = at.closest("[data-do]");
    pressed = key && !key.disabled ? { name: key.dataset.do, row: target(), paused } : null;
  });
  rail.addEventListener("click", ({ target: at, detail }) => {
    const key = at.closest("[data-do]");
    const pick = at.closest(".alarm-row__pick");
    if (pick) tapped(pick.parentElement.dataset.key, startAudio);
    if (!key) return;
    const meant = detail && pressed?.name === key.dataset.do ? pressed : { name: key.dataset.do, row: target(), paused };
    pressed = null;
    if (meant.name === "pause-audio") order(meant.paused ? "resume-audio" : "pause-audio", null, key);
    else if (meant.row) order(meant.name, meant.row, key);
  });
}

function tapped(key, startAudio) {
  if (key === "audio") { startAudio(); return; }
  picked = { key: picked.key === key ? "" : key, until: performance.now() + PICK_MS };
  drawKeys(rows, { paused, sounds: hears }, noLine);
}
