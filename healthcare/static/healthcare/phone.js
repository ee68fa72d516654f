// A person's own page on a phone: the box draws what it says, this keeps it new, sounds and shakes for the alarms that
// called its person, tells the box that it is here, and sends what the person orders.

import { fingerDown } from "/static/ui/finger.js";
import { patient } from "/static/ui/patience.js";
import { post } from "/static/ui/post.js";
import { swapWith } from "/static/ui/swap.js";
import { begin } from "./moments.js";
import { setHidden, setText } from "./patch.js";
import { Sounder, Speaker } from "./sounds.js";

const AT_THE_BOX = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
const SOON_MS = 150; // after word of an alarm
const IDLE_MS = 5000; // values of the beds are no older than this
const HERE_MS = 5000; // the box takes a page that it has not heard for 15 s for a closed one
const SILENT_MS = 5000; // without a beat for so long nothing reaches this phone
const SAID_MS = 5000;
const SHAKES = { high: [400, 120, 400, 120, 800], medium: [300, 200, 300], low: [200] }; // ms on, off, on
const NOTHING = { priority: "", louder: false, ids: [] };
const OPEN_KEY = "edgewise-phone"; // this tab was somebody's page
const LOST = { priority: "medium", louder: false, ids: ["phone-link"] };

const root = document.querySelector("[data-phone]");
const link = root.querySelector("[data-link]");
const soundKey = root.querySelector("[data-sound]");
const said = root.querySelector("[data-said]");
const speaker = new Speaker();
let beatAt = performance.now();
let known = true; // whether the box answered that it knows this phone
let timer = 0;
let soonAt = Infinity;
let drawing = false;
let saidTimer = 0;

begin(root.dataset.zone, Number(root.dataset.nowUtcS));

// Shakes with every burst, also where the audio was not started yet.
const phone = {
  running: true,
  burst(name, louder) {
    if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(SHAKES[name]);
    if (speaker.running) speaker.burst(name, louder);
  },
  hush() { if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(0); speaker.hush(); },
};
const sounder = new Sounder(phone);
const lost = () => performance.now() - beatAt > SILENT_MS;

function sound() {
  const piece = root.querySelector("[data-sounds]");
  sounder.wanted(lost() ? LOST : piece ? JSON.parse(piece.dataset.sounds) : NOTHING);
}

function say(text) {
  setText(said, text);
  setHidden(said, false);
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => setHidden(said, true), SAID_MS);
}

// One drawing at a time, the soonest that was asked for.
function draw(afterMs) {
  const at = performance.now() + afterMs;
  if (at >= soonAt) return;
  soonAt = at;
  clearTimeout(timer);
  timer = setTimeout(redraw, afterMs);
}

async function redraw() {
  soonAt = Infinity;
  if (drawing || fingerDown()) { draw(SOON_MS); return; }
  drawing = true;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store", ...patient() });
    const text = answer.ok ? await answer.text() : "";
    if (fingerDown()) draw(SOON_MS);
    else if (text) swapWith(text, ["phone"]);
  } catch {
    // no beat says so already
  } finally {
    drawing = false;
    sound();
    draw(IDLE_MS);
  }
}

async function here() {
  // A phone in a pocket stays signed in: signed out, no alarm would reach it. The box's own screen does not.
  const answer = await post("/phone/here", { sounds: speaker.running }, { beat: AT_THE_BOX });
  known = answer.ok;
  tell();
}

function tell() {
  const broken = lost() || !known;
  link.classList.toggle("is-lost", broken);
  const text = lost() ? "This phone is not connected" : known ? "This phone is connected" : "The box does not know that this phone is here";
  setText(link.querySelector('[data-field="link"]'), text);
  if (!fingerDown()) setHidden(soundKey, speaker.running); // or the key under a finger would move away: its tap starts the sound
}

async function order(address, values, key) {
  if (key.getAttribute("aria-busy") === "true") return;
  key.setAttribute("aria-busy", "true");
  try {
    const answer = await post(address, values);
    const told = await answer.json().catch(() => ({}));
    if (!told.accepted) say(told.reason || told.error || `The box answered ${answer.status}`);
  } finally {
    key.removeAttribute("aria-busy");
    draw(0);
  }
}

async function start() {
  if (speaker.running) return;
  await speaker.start();
  tell();
  if (speaker.running) { sounder.next = 0; here(); }
}

// Signed out by itself, for nobody touched it: this phone reaches nobody any more, and says so as loudly as it may.
function warn() {
  const note = root.querySelector("[data-signed-out]");
  setHidden(note, false);
  sounder.wanted(LOST);
  setInterval(() => sounder.tick(), 200);
}

root.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => sessionStorage.removeItem(OPEN_KEY));
if (!link && sessionStorage.getItem(OPEN_KEY)) warn();
if (link) {
  sessionStorage.setItem(OPEN_KEY, "1");
  document.addEventListener("ew:live", ({ detail: { data } }) => draw("alarms" in data || "roster" in data ? SOON_MS : IDLE_MS));
  document.addEventListener("ew:beat", () => { beatAt = performance.now(); });
  root.addEventListener("click", ({ target }) => {
    const key = target.closest("[data-order]");
    const shift = target.closest("[data-shift]");
    if (key) order(`/order/${key.dataset.order}`, { alarm: key.closest("[data-call]").dataset.call }, key);
    if (shift) order("/phone/shift", { on: shift.getAttribute("aria-checked") !== "true" }, shift);
  });
  for (const act of ["pointerdown", "keydown"]) document.addEventListener(act, start, { passive: true });
  setInterval(() => { sound(); sounder.tick(); tell(); }, 200);
  setInterval(here, HERE_MS);
  // A phone that sleeps is heard by nobody.
  const awake = () => { if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {}); };
  document.addEventListener("visibilitychange", awake);
  awake();
  start().then(here);
  draw(IDLE_MS);
}
