// A bed's page: numbers are patched as the bed tells them, with the words of its sector on the wall; what comes from the
// record (drawings, score, limits, log) is swapped for the box's own drawing of it when something was recorded.

import { fingerDown } from "/static/ui/finger.js";
import { patient } from "/static/ui/patience.js";
import { post } from "/static/ui/post.js";
import { swapWith } from "/static/ui/swap.js";
import { setMoment } from "./moments.js";
import { field, setHidden, setLooks, setShape, setText } from "./patch.js";
import { audio, root, state } from "./station.js";
import { NONE, minutes, sectorShown } from "./told.js";

const TOAST_MS = 4000;
const AFTER_EVENT_MS = 1200;
const EVERY_MS = 30000;
const SOON_MS = 500;
const GONE = ["no-data", "never-heard", "empty", "standby"];
const LEVELS = ["high", "medium", "low"];
const DONE = {
  acknowledge: "Acknowledged",
  accept: "Accepted",
  busy: "Passed on",
  "pause-audio": `Audio paused for ${minutes(state.pause_s)}. A new alarm sounds.`,
  "resume-audio": "Audio on again",
};

// Numbers

const now = root.querySelector("[data-now]");
const cells = new Map([...now.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));

function drawNumbers(bed) {
  const shown = sectorShown(bed, state.label);
  const numerics = bed.numerics || {};
  now.classList.toggle("now--gone", GONE.includes(bed.place?.state));
  for (const [name, cell] of cells) {
    const { text, look } = shown[name];
    const looks = look.split(" ").filter(Boolean);
    const hits = looks.filter((one) => one.startsWith("hit-")).map((one) => one.slice(4));
    setLooks(cell, "now--", looks);
    setText(field(cell, "text"), text);
    setShape(field(cell, "shape"), LEVELS.find((one) => hits.includes(one)) || "");
    const at = field(cell, "at");
    if (at) setMoment(at, { kind: "clock", utc_s: text === NONE ? null : name === "bp" ? shown.bp.at_utc_s : numerics.temp_cel?.at_utc_s });
  }
  const pulse = shown.hr.name.startsWith("PR");
  const [source, own] = (numerics.hr_per_min?.source || "").split(", ");
  setText(field(cells.get("hr"), "label"), pulse ? "PR" : source ? `HR, ${own ? "own " : ""}${source}` : "HR");
  setText(field(cells.get("bp"), "label"), shown.bp.name === "BP" ? "NIBP" : shown.bp.name);
}

root.addEventListener("station:bed", ({ detail: { station, bed } }) => {
  if (station !== state.bed) return;
  drawNumbers(bed);
  const patient = JSON.stringify([bed.patient, bed.place?.state, bed.limits, bed.sets]);
  if (patient !== known) { known = patient; later(AFTER_EVENT_MS); }
});
let known = JSON.stringify([state.beds[state.bed].patient, state.beds[state.bed].place?.state, state.beds[state.bed].limits, state.beds[state.bed].sets]);
drawNumbers(state.beds[state.bed]);

// The record

let timer = 0;
let fetching = false;

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(redraw, ms);
}

async function redraw() {
  if (fetching || document.hidden) { later(EVERY_MS); return; }
  if (fingerDown()) { later(SOON_MS); return; }
  fetching = true;
  let next = EVERY_MS;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" }, ...patient() });
    const text = answer.ok ? await answer.text() : "";
    if (fingerDown()) next = SOON_MS;
    else if (text) {
      const log = root.querySelector(".log")?.scrollTop || 0;
      swapWith(text);
      const list = root.querySelector(".log");
      if (list) list.scrollTop = log;
    }
  } catch {
    // the shell says that the link is lost
  } finally {
    fetching = false;
    later(next);
  }
}

document.addEventListener("ew:event", ({ detail }) => { if (detail?.station === state.bed) later(AFTER_EVENT_MS); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) later(0); });
later(EVERY_MS);

// Orders: to the alarm that a finger came down for, whatever comes while it is there.

const toastBox = document.querySelector("[data-toast]");
const go = root.querySelector('[data-banner] [data-field="go"]');
const acknowledge = document.createElement("button");
Object.assign(acknowledge, { type: "button", className: "button", textContent: "Acknowledge", hidden: true });
acknowledge.dataset.do = "acknowledge";
acknowledge.dataset.acknowledge = "";
go.after(acknowledge);
const keys = Object.fromEntries([...root.querySelectorAll("[data-do]")].map((key) => [key.dataset.do, key]));
let rows = [];
let paused = false;
let pressed = null;
let toastTimer = 0;

function toast(text) {
  setText(toastBox.firstElementChild, text);
  setHidden(toastBox, false);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => setHidden(toastBox, true), TOAST_MS);
}

const target = () => rows.find((row) => !row.acknowledged) || null;

root.addEventListener("station:drawn", ({ detail: { shown, sound, away } }) => {
  rows = [...shown.active, ...shown.ended, ...shown.technical].filter((row) => row.station === state.bed);
  paused = sound.paused;
  const here = shown.banner.to === state.bed;
  const row = target();
  setHidden(acknowledge, !row || shown.lost); // nothing takes room from "go to the bedside"
  setText(acknowledge, here ? "Acknowledge" : `Acknowledge bed ${state.label}`);
  if (here) setHidden(go, true);
  for (const name of ["accept", "busy"]) keys[name].toggleAttribute("disabled", away || !row || row.accepted || row.look === "latched");
  keys["pause-audio"].toggleAttribute("disabled", !(sound.paused || sound.sounds));
  setText(field(keys["pause-audio"], "pause"), paused ? "Resume audio" : `Pause audio ${minutes(state.pause_s)}`);
});

async function order(name, row, key) {
  if (key.getAttribute("aria-busy") === "true") return;
  key.setAttribute("aria-busy", "true");
  try {
    const answer = await post(`/order/${name}`, row ? { alarm: row.key } : {});
    const said = await answer.json().catch(() => ({ reason: `The box answered ${answer.status}` }));
    const own = name === "pause-audio" && audio.silence(state.pause_s);
    toast(said.accepted || own ? DONE[name] : said.reason || said.error || "Refused");
  } finally {
    key.removeAttribute("aria-busy");
  }
}

root.addEventListener("pointerdown", ({ target: at }) => {
  const key = at.closest("[data-do]");
  pressed = key && !key.disabled ? { name: key.dataset.do, row: target(), paused } : null;
});
root.addEventListener("click", ({ target: at, detail }) => {
  if (at.closest("[data-print]")) print();
  const key = at.closest("[data-do]");
  if (!key) return;
  const meant = detail && pressed?.name === key.dataset.do ? pressed : { name: key.dataset.do, row: target(), paused };
  pressed = null;
  if (meant.name === "pause-audio") order(meant.paused ? "resume-audio" : "pause-audio", null, key);
  else if (meant.row) order(meant.name, meant.row, key);
});
