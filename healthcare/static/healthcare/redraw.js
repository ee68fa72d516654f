// Draws the pieces of a page (data-swap) anew every data-redraw-s seconds, and at what the beds tell; prints it on demand.
// Where the box does not answer, what is there stays there, with the time that it was drawn.

import { patient } from "/static/ui/patience.js";
import { swapWith } from "/static/ui/swap.js";

const SOON_MS = 500;
const root = document.querySelector("[data-redraw-s]");
let timer = 0;
let held = false; // a finger is down: what it came down on stays where it is

async function redraw() {
  if (held) { later(SOON_MS); return; }
  try {
    const answer = await fetch(location.href, { cache: "no-store", ...patient() });
    if (answer.ok) swapWith(await answer.text());
  } catch {
    // the next turn tries again
  }
  later(1000 * Number(root.dataset.redrawS));
}

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(redraw, ms);
}

if (root) {
  document.addEventListener("ew:live", ({ detail: { data } }) => { if ("due" in data || "phones" in data) later(SOON_MS); });
  root.addEventListener("pointerdown", () => { held = true; });
  for (const act of ["pointerup", "pointercancel"]) document.addEventListener(act, () => { setTimeout(() => { held = false; }, 300); });
  later(1000 * Number(root.dataset.redrawS));
}
for (const key of document.querySelectorAll("[data-print]")) key.addEventListener("click", () => print());
