// The review page: what its forms and links say is sent and drawn without leaving it; keys of a keyboard; the seconds
// that a label can be taken back, or that are left until the next part comes by itself. Without script it reads and works as plain forms.

import { within } from "/static/ui/within.js";

const root = document.querySelector('[data-part~="review"]');
const { line, here } = root.dataset;
const REFRESH_MS = 800;
let shownSince = performance.now();
let refreshDue = 0;

// A second tap was meant for the part before.
root.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("form")) { event.preventDefault(); event.stopImmediatePropagation(); }
});

const { look } = within(root, {
  nothing: "Nothing was recorded.",
  say: (said) => root.querySelector('[data-swap="side"]').prepend(said),
  drawn: () => { shownSince = performance.now(); },
});

// The switch gives the focus back: the arrows of the keyboard go through the queue.
root.addEventListener("change", ({ target }) => { if (target.matches(".switch__input")) target.blur(); });

document.addEventListener("ew:key", ({ detail: { key } }) => {
  const wanted = key.toLowerCase();
  if (wanted === "u") { root.querySelector("[data-undo-s]")?.click(); return; }
  if (wanted === "h") { turn(); return; }
  const step = { arrowleft: "Newer", arrowright: "Older" }[wanted];
  if (step) { beside(step === "Older" ? 1 : -1); return; }
  const target = [...root.querySelectorAll("[data-letter]")].find((it) => it.dataset.letter === wanted);
  if (target && !target.disabled) target.click();
});

// The next choice of what lies over the picture.
function turn() {
  const inputs = [...root.querySelectorAll(".switch__input")];
  inputs[(inputs.findIndex((it) => it.checked) + 1) % inputs.length].checked = true;
}

function beside(by) {
  const links = [...root.querySelectorAll(".review__queue a[href]")];
  const at = links.findIndex((it) => it.getAttribute("aria-current"));
  links[at + by]?.click();
}

function tick() {
  const goneS = (performance.now() - shownSince) / 1000;
  const undo = root.querySelector("[data-undo-s]");
  if (undo) {
    const leftS = Math.ceil(Number(undo.dataset.undoS) - goneS);
    undo.querySelector("[data-left]").textContent = leftS > 0 ? `${leftS} s` : "";
    if (leftS <= 0) { undo.disabled = true; delete undo.dataset.undoS; }
  }
  const next = root.querySelector("[data-next-s]");
  if (next) {
    const leftS = Math.ceil(Number(next.dataset.nextS) - goneS);
    next.querySelector("[data-left]").textContent = `by itself in ${Math.max(0, leftS)} s`;
    if (leftS <= 0) next.click();
  }
  if (refreshDue && performance.now() > refreshDue) refresh();
}

// A new part in the queue, or a label from another screen: the queue is drawn anew, the part stays where it is.
function refresh() {
  refreshDue = 0;
  const shown = root.querySelector('[data-swap="side"] [name="sequence"]')?.value;
  if (!shown) { look(null, here); return; }
  const asked = new URLSearchParams(location.search);
  asked.set("part", shown); // the address may name none: then the newest was shown, and is another one now
  look(["queue"], `${here}?${asked}`);
}

document.addEventListener("ew:event", ({ detail }) => {
  const waits = detail.kind === "part" ? detail.part.kind === "ng" || detail.part.review : detail.kind === "label";
  if (detail.station === line && waits && !refreshDue) refreshDue = performance.now() + REFRESH_MS;
});
setInterval(tick, 250);
