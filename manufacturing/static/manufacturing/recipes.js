// The recipe pages without leaving them: links and forms within the pages are sent and drawn here, and what the line tells of
// its recipes is drawn as it comes. What a person types is left alone. Without script they read and work as plain pages.

import { swapWith } from "/static/ui/swap.js";

const DRAW_AFTER_MS = 150;
const page = { Accept: "text/html" };
const root = () => document.querySelector('[data-part~="recipes"]');
const { line, here } = root().dataset;
let address = location.pathname + location.search;
let busy = false;
let again = 0;

async function show(answer, names) {
  if (answer.status === 401) { document.dispatchEvent(new CustomEvent("ew:sign-in")); return; }
  const html = await answer.text();
  if (!swapWith(html, names)) { location.assign(answer.url); return; }
  if (names[0] !== "all") return;
  root().querySelector("[autofocus]")?.focus();
  if (!answer.ok) return; // the page says why, where it was
  const url = new URL(answer.url);
  address = url.pathname + url.search;
  history.replaceState(null, "", address);
}

async function go(how, names = ["all"]) {
  if (busy) return;
  busy = true;
  root().setAttribute("aria-busy", "true");
  try {
    await show(await how(), names);
  } catch {
    say("The box does not answer. Nothing was changed.");
  } finally {
    busy = false;
    root().removeAttribute("aria-busy");
    if (again) soon();
  }
}

function say(text) {
  const where = root().querySelector(".recipe-ask__what, .recipe-edit, .recipes__list, .recipe__past");
  const said = where.querySelector(".review__fault") || document.createElement("p");
  said.className = "review__fault";
  said.setAttribute("role", "alert");
  said.textContent = text;
  if (where.matches(".recipe-edit")) where.firstElementChild.after(said);
  else where.prepend(said);
}

const open = (to, names) => go(() => fetch(to, { headers: page, credentials: "same-origin" }), names);

function send(form) {
  const values = new URLSearchParams(new FormData(form));
  values.set("csrf", document.querySelector('meta[name="csrf"]').content);
  return go(() => fetch(form.action, { method: "POST", body: values, headers: page, credentials: "same-origin" }));
}

document.addEventListener("submit", (event) => {
  if (!root().contains(event.target)) return;
  event.preventDefault();
  send(event.target);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !root().contains(link) || !link.getAttribute("href").startsWith(here)) return;
  event.preventDefault();
  open(link.href);
});

// The page as the box draws it now; only what stands over it while a person answers or types.
function soon() {
  clearTimeout(again);
  again = setTimeout(() => {
    if (busy) return; // comes again at its end
    again = 0;
    open(address, root().querySelector("[data-typing]") ? ["banner"] : ["all"]);
  }, DRAW_AFTER_MS);
}

document.addEventListener("ew:event", ({ detail }) => {
  if (detail.station === line && detail.kind.startsWith("recipe-")) soon();
});

let told = "";
document.addEventListener("ew:live", ({ detail: { station, data } }) => {
  if (station !== line || !data.recipes) return;
  const { asked, loading, judging } = data.recipes;
  const now = JSON.stringify([asked, loading, judging]);
  if (told && now !== told) soon();
  told = now;
});
