// Today's page goes on without being loaded anew: what a person does is drawn in place, and so is what the store tells, at
// most every two seconds. The key that has the focus keeps it.

import { within } from "/static/ui/within.js";

const SOON_MS = 400;
const APART_MS = 2000;
const IDLE_MS = 30_000; // ages grow
const PIECES = ["kpis", "notices", "sync", "kinds", "tasks", "floor", "floor-head", "product"];
const root = document.querySelector("[data-office]");
const { look } = within(root, {
  say: (line) => root.querySelector("[data-said]").replaceChildren(line),
  drawn: () => refocus(),
});
let timer = 0;
let due = Infinity;
let drawn = 0;
let focused = "";

function refocus() {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function draw() {
  due = Infinity;
  drawn = performance.now();
  await look(() => (document.activeElement?.matches(".input--brought") ? PIECES.filter((name) => name !== "tasks") : PIECES));
  refocus();
  later(IDLE_MS);
}

function later(ms) {
  const at = Math.max(performance.now() + ms, drawn + APART_MS);
  if (at >= due) return;
  due = at;
  clearTimeout(timer);
  timer = setTimeout(draw, at - performance.now());
}

root.addEventListener("change", ({ target }) => { if (target.id === "hour") target.form.requestSubmit(); });
document.addEventListener("focusin", ({ target }) => { focused = target.id; });
document.addEventListener("ew:live", () => later(SOON_MS));
document.addEventListener("ew:event", () => later(SOON_MS));
later(IDLE_MS);
