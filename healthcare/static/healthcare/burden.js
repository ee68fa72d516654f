// The burden page goes on without being loaded anew: its audio and its banner stay. Steps, periods and a replay under
// way are drawn from the page as the box draws it; without this script the same links and forms do.

import { ACT_MS, patient } from "/static/ui/patience.js";
import { swapWith } from "/static/ui/swap.js";

const EVERY_MS = 1000;
let timer = 0;

async function draw(address) {
  clearTimeout(timer);
  try {
    const answer = await fetch(address, { cache: "no-store", credentials: "same-origin", ...patient(ACT_MS) });
    if (!answer.ok) return location.assign(address);
    swapWith(await answer.text());
    history.replaceState(null, "", answer.url);
  } catch {
    // the box does not answer: the shell says so, and the next turn tries again
  }
  watch();
}

function watch() {
  clearTimeout(timer);
  if (document.querySelector("[data-working]")) timer = setTimeout(draw, EVERY_MS, location.href);
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (event.target.closest("[data-print]")) return print();
  const link = event.target.closest("a[data-go]");
  if (!link) return;
  event.preventDefault();
  draw(link.href);
});
watch();
