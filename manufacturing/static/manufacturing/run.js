// The run page: patches text and shapes in place as parts come; without it the page still reads as it was served.
// From the stream: "ew:event" (a part, a gate, a label, a delivery), "ew:live" (how the line stands), "ew:beat".

import { patient } from "/static/ui/patience.js";
import { line, one, root, set, show, state } from "./fields.js";
import { chart, count, drawChips, drawTimes } from "./figures.js";
import { order, tell, toast } from "./orders.js";
import * as results from "./results.js";
import { drawBanner, drawBannerAge, drawOutcome, drawTile } from "./standing.js";
import { drawCover, remember, togglePhoto, view } from "./viewer.js";

const HOLD_MS = { ng: 10000, label: 5000, pin: 60000 };
const HELD = { ng: "Last NG", label: "Labelled", pin: "Looked up" };
const NO_PART = { word: "No part yet", text: "The picture of the next part comes here", steps: [], plate: false };

let { live, standing } = state;
let lineLive = standing.banner.word !== state.not_live.banner.word;
let last = state.results.at(-1) || null;  // the newest part: what the verdict tile shows
let shown = null;                         // the part in the picture: the newest, or one that is held
let held = { why: "", until: 0 };
let troubles = {};                        // faults that the line's process tells of itself

const known = () => (lineLive ? standing : state.not_live);

function drawStanding() {
  const now = known();
  if (now.tile && held.why === "ng") { hold(""); look(last); return; } // the line has more to say than its last reject
  drawTile(now.tile || (last ? last.tile : state.waiting_tile));
  drawOutcome(now.outcome || (last ? [last.kind, last.outcome, `Part ${last.part} · ${last.outcome_small}`] : ["wait", "No part yet", ""]));
  const own = Object.entries(troubles).find(([code]) => !now.faults.includes(code));
  drawBanner(own && now.banner.kind !== "fault" ? { kind: "fault", word: "FAULT", text: own[1] } : now.banner);
  drawCover(now.cover || (shown ? (shown.image ? null : { ...NO_PART, word: "No picture", text: shown.why }) : NO_PART));
  set("tag", now.tag);
  show("tag", now.tag && shown);
  set("fault-text", now.foot);
  show("foot", !now.foot);
  show("fault-foot", now.foot);
  drawChips(live, now, lineLive);
  drawKeys();
}

function drawKeys() {
  const now = known();
  const free = lineLive && shown && (now.labels || held.why === "pin");
  show("labels", !now.bypassed);
  show("bypass-end", now.bypassed);
  for (const key of root.querySelectorAll("[data-label]")) {
    key.toggleAttribute("hidden", !key.dataset.fits.split(" ").includes(shown ? shown.kind : "ok"));
    key.setAttribute("aria-pressed", String(Boolean(shown) && shown.label === key.dataset.label));
    key.toggleAttribute("disabled", !free);
    key.querySelector(".button__hint").textContent = held.why && shown ? `part ${shown.part}` : "last part";
  }
  for (const key of root.querySelectorAll("[data-order], [data-open]")) key.toggleAttribute("disabled", !may(key, now));
  root.querySelector('[data-order="stop"]').toggleAttribute("hidden", now.stopped);
  root.querySelector('[data-order="start"]').toggleAttribute("hidden", !now.stopped);
}

function may(key, now) {
  if (key.dataset.order === "reset") return lineLive && now.resettable;
  if (key.dataset.open) return lineLive && !now.bypassed && !now.stopped;
  return lineLive;
}

function hold(why) {
  held = why ? { why, until: performance.now() + HOLD_MS[why] } : { why: "", until: 0 };
  drawHeld();
}

function drawHeld() {
  const leftS = Math.ceil((held.until - performance.now()) / 1000);
  if (held.why && leftS <= 0) { hold(""); look(last); return; }
  show("held", held.why);
  if (held.why) set("held-text", `${HELD[held.why]}, held for ${leftS} s${held.why === "pin" ? ". Tap the newest to go on" : ""}`);
}

function look(part) {
  if (!part) return;
  shown = part;
  view(part);
  results.mark(part);
  drawStanding();
}

function newPart(part) {
  last = part;
  remember(part);
  results.add(part);
  count(part.counts);
  if (part.kind === "ng" && held.why !== "pin" && !known().tile) { hold("ng"); look(part); }
  else if (!held.why) look(part);
  else { results.mark(shown); drawStanding(); }
  chart();
}

function learn(id, values) {
  const part = results.find(id) || (shown?.part === id ? shown : null);
  if (!part) return;
  const { kind } = part;
  Object.assign(part, typeof values === "function" ? values(part) : values);
  if (part.kind !== kind) results.redraw(part);
  results.mark(shown);
  drawStanding();
}

function heardEvent(event) {
  if (event.kind === "label" || event.part?.kind === "ng" || event.part?.review) countWaiting();
  if (event.kind === "part") newPart(event.part);
  else if (event.kind === "gate") learn(event.subject, { outcome_small: event.text });
  else if (event.kind === "label") learn(event.subject, { label: event.data.label === "none" ? "" : event.data.label });
  else if (event.kind === "delivery" && event.undelivered) learn(event.subject, (part) => event.undelivered[part.kind] || {});
}

function heardLive(data) {
  live = { ...live, ...data };
  standing = data.standing || standing;
  if (data.counts_shown) count(data.counts_shown);
  if (data.decided_ms) drawTimes(data.decided_ms);
  if (data.shift) set("shift", data.shift);
  if (data.recipe !== undefined) set("recipe", data.recipe || "No recipe");
  drawStanding();
}

let waitingDue = 0;

// How many parts wait for a person, asked for a moment after one came or was labelled.
function countWaiting() {
  if (waitingDue) return;
  waitingDue = setTimeout(async () => {
    waitingDue = 0;
    const answer = await fetch(`/line/${line}/review/count`, patient()).catch(() => null);
    if (answer?.ok) set("waiting", String((await answer.json()).waiting));
  }, 1000);
}

async function label(key) {
  const part = shown;
  const before = part.label;
  if (before === key.dataset.label) return toast(`Part ${part.part}: on record already`);
  if (held.why !== "pin") hold("label");
  learn(part.part, { label: key.dataset.label });
  const done = `Part ${part.part}: ${key.firstElementChild.firstChild.data.toLowerCase()}, on record`;
  if (!(await order("label", { part: part.part, label: key.dataset.label }, done, key))) learn(part.part, { label: before });
}

function pick(part) {
  hold(part !== last ? "pin" : part.kind === "ng" ? "ng" : "");
  look(part);
}

// The results move on under the finger: what it came down on counts, not what is there when it leaves.
root.addEventListener("pointerdown", ({ target }) => {
  const part = target.closest(".results__item") && results.tapped(target);
  if (part) pick(part);
});
root.addEventListener("click", ({ target, detail }) => {
  const key = target.closest("[data-label], [data-order], [data-open], [data-photo], .results__item");
  if (!key) return;
  if (key.dataset.label) label(key);
  else if (key.dataset.open) document.getElementById(key.dataset.open).showModal();
  else if (key.dataset.photo) togglePhoto(key);
  else if (!key.dataset.order) { if (detail === 0 && results.tapped(key)) pick(results.tapped(key)); } // by the keyboard
  else if (!key.dataset.holdMs) tell(key);
});
root.addEventListener("held", ({ target }) => tell(target.closest("[data-order]")));

document.addEventListener("ew:event", ({ detail }) => { if (detail.station === line) heardEvent(detail); });
document.addEventListener("ew:live", ({ detail }) => { if (detail.station === line) heardLive(detail.data); });
document.addEventListener("ew:beat", ({ detail }) => {
  lineLive = !detail.stale;
  troubles = (lineLive && detail.stations?.[line]?.faults) || {};
  drawHeld();
  drawStanding();
});
setInterval(drawBannerAge, 250);
addEventListener("resize", () => { if (shown) view(shown); });

if (live.decided_ms) drawTimes(live.decided_ms);
look(last);
drawStanding();
