// Keeps a screen on the wall up to date: by the stream when stock or prices changed, and when its time slot is over.
// A customer's code comes from a scanner that types; it lives in one variable of this page and nowhere else.

import { post } from "/static/ui/post.js";

const SETTLED_MS = 5000; // a till that sells ten things is looked at once
const RETRY_MS = 10000;
const KEY_GAP_MS = 500; // the keys of one scan; nothing else on this page is typed into

const screen = document.querySelector("[data-signage]");
const say = (name, text) => { for (const place of screen.querySelectorAll(`[data-say="${name}"]`)) place.textContent = text; };
const changes = new Set(["documents", "catalogue"]);

let token = "";
let over = 0;
let soon = 0;
let forgetting = 0;

function show(shown) {
  screen.className = `signage signage--${shown.rule}`;
  for (const name of ["headline", "name", "beside", "price", "per", "was", "why"]) say(name, shown[name]);
  screen.querySelector(".signage__beside").hidden = !shown.beside;
  screen.querySelector(".signage__price").hidden = !shown.price;
  until(shown.until_s);
}

function until(seconds) {
  clearTimeout(over);
  over = setTimeout(look, seconds * 1000 + 250);
}

async function look() {
  const answer = await post("/signage/now", token ? { token } : {}, { beat: true });
  if (answer.ok) show(await answer.json());
  else if (token && answer.status === 400) forget();
  else until(RETRY_MS / 1000);
}

function wish(text) {
  token = text;
  let left = Number(screen.dataset.forgetAfterS);
  const own = screen.querySelector("[data-own]");
  const tick = () => {
    if (left <= 0) return forget();
    own.querySelector("[data-left]").textContent = String(left);
    left -= 1;
    forgetting = setTimeout(tick, 1000);
  };
  clearTimeout(forgetting);
  own.hidden = false;
  tick();
  look();
}

function forget() {
  token = "";
  clearTimeout(forgetting);
  screen.querySelector("[data-own]").hidden = true;
  look();
}

let typed = "";
let lastKey = 0;
document.addEventListener("keydown", (event) => {
  if (event.timeStamp - lastKey > KEY_GAP_MS) typed = "";
  lastKey = event.timeStamp;
  if (event.key === "Enter") {
    if (typed.startsWith("EW1.")) { event.preventDefault(); wish(typed); }
    typed = "";
  } else if (event.key.length === 1) {
    typed = (typed + event.key).slice(-1000);
  }
});

document.addEventListener("ew:event", ({ detail }) => {
  if (!changes.has(detail?.kind)) return;
  clearTimeout(soon);
  soon = setTimeout(look, SETTLED_MS);
});
screen.querySelector("[data-forget]").addEventListener("click", forget);
addEventListener("pagehide", () => { token = ""; });
look();
