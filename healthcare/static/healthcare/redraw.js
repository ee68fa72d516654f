// Draws the pieces of a page (data-swap) anew every data-redraw-s seconds, and at what the beds tell; prints it on demand.
// Where the box does not answer, what is there stays there, with the time that it was drawn.

import { fingerDown } from "/static/ui/finger.js";
import { patient } from "/static/ui/patience.js";
import { swapWith } from "/static/ui/swap.js";

const SOON_MS = 500;
const root = document.querySelector("[data-redraw-s]");
let timer = 0;

async function redraw() {
  if (fingerDown()) { later(SOON_MS); return; }
  try {
    const answer = await fetch(location.href, { cache: "no-store", ...patient() });
    const text = answer.ok ? await answer.text() : "";
    if (fingerDown()) { later(SOON_MS); return; }
    if (text) swapWith(text);
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
  later(1000 * Number(root.dataset.redrawS));
}
for (const key of document.querySelectorAll("[data-print]")) key.addEventListener("click", () => print());
