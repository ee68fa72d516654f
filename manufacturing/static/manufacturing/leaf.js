// A page of links and forms that is worked without leaving it: each is sent and drawn here. Keys that are held send their form
// when the hold is over. Without script all of them are plain links and forms.

import { swapWith } from "/static/ui/swap.js";

const html = { Accept: "text/html" };
export const root = () => document.querySelector('[data-part~="leaf"]');
const csrf = () => document.querySelector('meta[name="csrf"]').content;
let address = location.pathname + location.search;
let busy = false;

// Whether somebody is in the middle of writing or choosing, which nothing may take away.
export const engaged = () => [...root().querySelectorAll("input:not([type=hidden])")].some(
  (input) => input === document.activeElement || (input.type === "radio" ? input.checked !== input.defaultChecked : input.value !== input.defaultValue),
) || Boolean(root().querySelector(".is-holding"));

async function draw(answer, names) {
  if (answer.status === 401) { document.dispatchEvent(new CustomEvent("ew:sign-in")); return; }
  if (!swapWith(await answer.text(), names)) { location.assign(answer.url); return; }
  if (!answer.ok) return; // the page says why, where it was
  const url = new URL(answer.url);
  address = url.pathname + url.search;
  history.replaceState(null, "", address);
}

async function go(how, names) {
  if (busy) return;
  busy = true;
  root().setAttribute("aria-busy", "true");
  try {
    await draw(await how(), names);
  } catch {
    say("The box does not answer. Nothing was done.");
  } finally {
    busy = false;
    root().removeAttribute("aria-busy");
  }
}

function say(text) {
  const main = root().querySelector(".leaf__main > .panel:last-child") || root();
  const said = main.querySelector(":scope > .review__fault") || document.createElement("p");
  said.className = "review__fault";
  said.setAttribute("role", "alert");
  said.textContent = text;
  main.prepend(said);
}

export const open = (to, names = ["all"]) => go(() => fetch(to, { headers: html, credentials: "same-origin" }), names);
export const again = (names) => open(address, names);

function send(form, key) {
  const values = new FormData(form);
  if (key?.name) values.set(key.name, key.value);
  values.set("csrf", csrf());
  const body = form.enctype === "multipart/form-data" ? values : new URLSearchParams(values);
  return fetch(form.action, { method: "POST", body, headers: html, credentials: "same-origin" });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!root().contains(form) || form.method === "dialog") return;
  event.preventDefault();
  if (form.method === "get") open(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
  else go(() => send(form, event.submitter), ["all"]);
});
document.addEventListener("click", (event) => {
  if (!root().contains(event.target)) return;
  if (event.target.closest("[data-hold-ms]")) { event.preventDefault(); return; } // a tap alone sends nothing
  const link = event.target.closest("a[href]");
  if (!link || link.hasAttribute("download") || link.dataset.plain !== undefined) return;
  const to = new URL(link.href);
  if (to.pathname !== root().dataset.here) return;
  event.preventDefault();
  open(link.href);
});
document.addEventListener("held", ({ target }) => {
  if (root().contains(target) && target.form) target.form.requestSubmit(target);
});
