// The review page: what its forms and links say is sent and drawn without leaving it; keys of a keyboard; the seconds
// that a label can be taken back, or that are left until the next part comes by itself. Without script it reads and works as plain forms.

import { swapWith } from "/static/ui/swap.js";

const root = document.querySelector('[data-part~="review"]');
const { line, here } = root.dataset;
const REFRESH_MS = 800;
let busy = false;
let shownSince = performance.now();
let refreshDue = 0;
let address = location.pathname + location.search;

async function show(answer) {
  if (answer.status === 401) { document.dispatchEvent(new CustomEvent("ew:sign-in")); return; }
  const html = await answer.text();
  if (!swapWith(html)) { location.assign(here); return; }
  shownSince = performance.now();
  root.querySelector("[autofocus]")?.focus();
  if (!answer.ok) return; // the page says why, where it was
  const url = new URL(answer.url);
  address = url.pathname + url.search;
  history.replaceState(null, "", address);
}

async function go(how) {
  if (busy) return;
  busy = true;
  root.setAttribute("aria-busy", "true");
  try {
    await show(await how());
  } catch {
    fault("The box does not answer. Nothing was recorded.");
  } finally {
    busy = false;
    root.removeAttribute("aria-busy");
  }
}

function fault(text) {
  const side = root.querySelector('[data-swap="side"]');
  const said = side.querySelector(".review__fault") || document.createElement("p");
  said.className = "review__fault";
  said.setAttribute("role", "alert");
  said.textContent = text;
  side.prepend(said);
}

const html = { Accept: "text/html" };
const open = (to) => go(() => fetch(to, { headers: html, credentials: "same-origin" }));

function send(form, key) {
  const values = new URLSearchParams(new FormData(form));
  if (key?.name) values.set(key.name, key.value);
  values.set("csrf", document.querySelector('meta[name="csrf"]').content);
  return go(() => fetch(form.action, { method: "POST", body: values, headers: html, credentials: "same-origin" }));
}

root.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter);
});
root.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("form")) { event.preventDefault(); return; } // a second tap was meant for the part before
  const link = event.target.closest("a[href]");
  if (!link || !link.getAttribute("href").startsWith(here)) return;
  event.preventDefault();
  open(link.href);
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
    if (leftS <= 0 && !busy) next.click();
  }
  if (refreshDue && performance.now() > refreshDue) refresh();
}

// A new part in the queue, or a label from another screen: the queue is drawn anew, the part stays where it is.
async function refresh() {
  refreshDue = 0;
  if (busy) return;
  const empty = !root.querySelector('[data-swap="side"] form');
  const answer = await fetch(empty ? here : address, { headers: html, credentials: "same-origin" }).catch(() => null);
  if (answer?.ok && !busy) swapWith(await answer.text(), empty ? null : ["queue"]);
}

document.addEventListener("ew:event", ({ detail }) => {
  const waits = detail.kind === "part" ? detail.part.kind === "ng" || detail.part.review : detail.kind === "label";
  if (detail.station === line && waits && !refreshDue) refreshDue = performance.now() + REFRESH_MS;
});
setInterval(tick, 250);
