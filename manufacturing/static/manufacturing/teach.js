// The teach page without leaving it: forms and links are sent and drawn here, files go up in bearable portions, and the page
// looks again while something goes on by itself. Without script it works as plain forms.

import { swapWith } from "/static/ui/swap.js";

const MOST_BYTES_AT_ONCE = 20 * 2 ** 20;
const LOOK_AGAIN_MS = 1000;
const AFTER_PART_MS = 400;
const page = { Accept: "text/html" };
const root = () => document.querySelector('[data-part~="teach"]');
const stand = () => root().querySelector('[data-swap="all"]').dataset;
const csrf = () => document.querySelector('meta[name="csrf"]').content;
let address = location.pathname + location.search;
let busy = false;
let lookAt = 0;

async function show(answer, names) {
  if (answer.status === 401) { document.dispatchEvent(new CustomEvent("ew:sign-in")); return; }
  const html = await answer.text();
  if (!swapWith(html, names)) { location.assign(answer.url); return; }
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
    say("The box does not answer. Nothing was done.");
  } finally {
    busy = false;
    root().removeAttribute("aria-busy");
    bind();
  }
}

function say(text) {
  const main = root().querySelector('[data-swap="main"]') || root();
  const said = main.querySelector(".review__fault") || document.createElement("p");
  said.className = "review__fault";
  said.setAttribute("role", "alert");
  said.textContent = text;
  main.prepend(said);
}

const open = (to, names) => go(() => fetch(to, { headers: page, credentials: "same-origin" }), names);

function send(form, key, files = null) {
  const values = new FormData(form);
  if (key?.name) values.set(key.name, key.value);
  values.set("csrf", csrf());
  if (!files) {
    for (const [name, value] of [...values]) if (value instanceof File) values.delete(name);
    return fetch(form.action, { method: "POST", body: new URLSearchParams(values), headers: page, credentials: "same-origin" });
  }
  values.delete("pictures");
  values.delete("folder");
  for (const file of files) values.append("pictures", file, file.webkitRelativePath || file.name);
  return fetch(form.action, { method: "POST", body: values, headers: page, credentials: "same-origin" });
}

// Portions of at most so many bytes, one after the other; the first refusal ends it and is shown.
async function upload(input) {
  const wanted = [...input.files].filter((file) => /\.(png|jpe?g|bmp)$/i.test(file.name));
  const form = input.form;
  if (!form.reportValidity()) { input.value = ""; return; }
  if (!wanted.length) { say("None of these files is a PNG, JPEG or BMP picture."); return; }
  const hint = input.closest("label").querySelector(".button__hint");
  await go(async () => {
    let answer;
    for (let sent = 0; sent < wanted.length;) {
      const portion = [];
      for (let bytes = 0; sent < wanted.length && (!portion.length || bytes + wanted[sent].size <= MOST_BYTES_AT_ONCE); sent += 1) {
        bytes += wanted[sent].size;
        portion.push(wanted[sent]);
      }
      hint.textContent = `${sent} of ${wanted.length}`;
      answer = await send(form, null, portion);
      if (!answer.ok) break;
    }
    return answer;
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!root().contains(form) || form.method === "dialog") return;
  event.preventDefault();
  if (form.method === "get") return;
  go(() => send(form, event.submitter));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !root().contains(link) || !link.getAttribute("href").startsWith(root().dataset.here)) return;
  event.preventDefault();
  open(link.href);
});
document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.classList.contains("teach__file") && input.files.length) upload(input);
  if (input.classList.contains("slider")) {
    const to = new URL(address, location.href);
    to.searchParams.set("step", "limit");
    to.searchParams.set("rate", input.dataset.rates.split(" ")[Number(input.value)]);
    open(to);
  }
});

// Files go up when they are chosen: the key that plain forms need is not shown.
function bind() {
  for (const key of root().querySelectorAll("[data-plain]")) key.hidden = true;
}

// While a job runs the page looks again, and when the line tells of its recipes; what a person types is left alone.
setInterval(() => {
  const { state } = stand();
  if (busy) return;
  if (state === "learning") { lookAt = 0; open(address); return; }
  if (lookAt && performance.now() > lookAt) {
    lookAt = 0;
    open(address, state === "loading" ? ["all"] : ["steps", "goods", "foot"]);
  }
}, LOOK_AGAIN_MS);

document.addEventListener("ew:event", ({ detail }) => {
  if (detail.station !== root().dataset.line) return;
  const { state, taking } = stand();
  if (taking !== undefined && detail.kind === "part" && !lookAt) lookAt = performance.now() + AFTER_PART_MS;
  const over = detail.kind === "recipe-chosen" || detail.kind === "recipe-refused";
  if (over && (state === "loading" || busy)) lookAt = performance.now();
});
bind();
