// Draws the pieces of a page anew when the store tells of something, at most every two seconds, and once a minute. Nothing
// is drawn while a finger is down or somebody writes, nor while a dialog is open; what was written stays.

import { fingerDown } from "/static/ui/finger.js";
import { patient } from "/static/ui/patience.js";
import { swapWith } from "/static/ui/swap.js";

const SOON_MS = 500;
const APART_MS = 2000;
const IDLE_MS = 60_000;
const root = document.querySelector("[data-redraw]");
let timer = 0;
let due = Infinity;
let drawn = 0;

const busy = () => fingerDown() || document.querySelector("dialog[open]") || document.activeElement?.matches("input, select, textarea");

async function draw() {
  due = Infinity;
  if (busy()) { later(SOON_MS); return; }
  drawn = performance.now();
  const { id } = document.activeElement || {};
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin", ...patient() });
    const pieces = [...root.querySelectorAll("[data-swap]")].map((one) => one.dataset.swap);
    const text = answer.ok ? await answer.text() : "";
    if (busy()) later(SOON_MS);
    else if (text) swapWith(text, pieces, { typed: true });
    if (id) document.getElementById(id)?.focus({ preventScroll: true });
  } catch {
    // the box does not answer: the shell says so
  }
  later(IDLE_MS);
}

function later(ms) {
  const at = Math.max(performance.now() + ms, drawn + APART_MS);
  if (at >= due) return;
  due = at;
  clearTimeout(timer);
  timer = setTimeout(draw, at - performance.now());
}

document.addEventListener("ew:live", () => later(SOON_MS));
document.addEventListener("ew:event", () => later(SOON_MS));
later(IDLE_MS);
