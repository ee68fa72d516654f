// Sends what people did to the box, in the order in which they did it, as soon as the box answers; nothing leaves the
// hand-held before the box has acknowledged it, and what comes twice has the same key, so that it counts once.
// `change`: {key, address, values, at_ms, told}; with `lines`, changes of the same address go together.

import { ACT_MS, patient } from "/static/ui/patience.js";
import { changes, newKey } from "./kept.js";

const SOON_MS = 120;
const AGAIN_MS = [1000, 2000, 5000, 10_000];
const BATCH = 400;
const SILENT_MS = 5000; // without a beat for so long the box is not reached
const NO_ANSWER = 0;

const CLOCK = "edgewise-clock"; // how far the box's clock is ahead of the hand-held's, ms

const waiting = new Map();
const refused = [];
const watchers = new Set();
let timer = 0;
let sending = false;
let failures = 0;
let trouble = ""; // "", "offline", "sign-in", "role"
let beatAt = performance.now();
let ready = null;

export function watch(heard) {
  watchers.add(heard);
  heard(state());
}

export function state() {
  const silent = performance.now() - beatAt > SILENT_MS;
  const oldest = Math.min(...[...waiting.values()].map((change) => change.at_ms));
  return { waiting: waiting.size, oldestMs: waiting.size ? oldest : null, trouble: trouble || (silent ? "offline" : ""), refused: [...refused] };
}

export const pending = () => [...waiting.values()].sort((a, b) => a.at_ms - b.at_ms || (a.order ?? 0) - (b.order ?? 0));

function tell() {
  const now = state();
  for (const heard of watchers) heard(now);
}

// What was kept before this page was opened.
export function begin() {
  ready ??= changes.all().then((kept) => {
    for (const change of kept) waiting.set(change.key, change);
    if (kept.length) send(SOON_MS);
    tell();
  });
  return ready;
}

let order = 0;

// Resolves when the hand-held has it on its own disk; sending goes on by itself.
export async function add(address, values, { at_ms = Date.now(), key = newKey(), told = "", lines = false } = {}) {
  const change = { key, address, values, at_ms, told, lines, order: order += 1 };
  await changes.put(change);
  waiting.set(key, change);
  tell();
  send(SOON_MS);
  return change;
}

export function send(afterMs = 0) {
  clearTimeout(timer);
  timer = setTimeout(work, afterMs);
}

async function work() {
  if (sending) return;
  sending = true;
  try {
    while (waiting.size && await once()) tell();
  } finally {
    sending = false;
    tell();
    if (waiting.size) send(trouble ? AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] : SOON_MS);
  }
}

// The oldest change, or all lines of its address. False where it has to be tried again later.
async function once() {
  const [first] = pending();
  const some = first.lines ? pending().filter((one) => one.lines && one.address === first.address).slice(0, BATCH) : [first];
  const body = first.lines ? { lines: some.map((one) => one.values) } : first.values;
  const answer = await post(first.address, body);
  if (answer.status === NO_ANSWER || answer.status === 429 || answer.status >= 500) return later("offline");
  if (answer.status === 401) return later("sign-in");
  if (answer.status === 403) return later("role");
  failures = 0;
  trouble = "";
  if (answer.status >= 400) {
    const why = answer.said.reason || answer.said.error || `The box answered ${answer.status}`;
    refused.push({ told: some.map((one) => one.told).filter(Boolean).join(", "), why, key: first.key });
  }
  await changes.remove(some.map((one) => one.key));
  for (const one of some) waiting.delete(one.key);
  document.dispatchEvent(new CustomEvent("store:sent", { detail: { address: first.address, answer: answer.said, ok: answer.status < 400 } }));
  return true;
}

function later(why) {
  trouble = why;
  failures += 1;
  return false;
}

async function post(address, body) {
  let answer = await tried(address, body);
  if (answer.status === 403 && await freshToken()) answer = await tried(address, body);
  return answer;
}

async function tried(address, body) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      credentials: "same-origin",
      ...patient(ACT_MS),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token().content },
      body: JSON.stringify(body),
    });
    return { status: answer.status, said: await answer.json().catch(() => ({})) };
  } catch {
    return { status: NO_ANSWER, said: {} };
  }
}

const token = () => document.querySelector('meta[name="csrf"]');

// A page from the cache, or one that was open while somebody signed in anew, has an old token.
async function freshToken() {
  try {
    const page = await (await fetch("/sign-in", { headers: { Accept: "text/html" }, cache: "no-store", ...patient(ACT_MS) })).text();
    const fresh = new DOMParser().parseFromString(page, "text/html").querySelector('meta[name="csrf"]')?.content;
    if (!fresh || fresh === token().content) return false;
    token().content = fresh;
    return true;
  } catch {
    return false;
  }
}

export function forget(key) {
  refused.splice(refused.findIndex((one) => one.key === key), 1);
  tell();
}

// When something happened, by the box's clock as it was heard last: that of a hand-held may be anything.
export const boxNowMs = () => Date.now() + Number(localStorage.getItem(CLOCK) || 0);

document.addEventListener("ew:beat", ({ detail }) => {
  beatAt = performance.now();
  if (typeof detail.at === "number") localStorage.setItem(CLOCK, String(Math.round(detail.at * 1000 - Date.now())));
  if (trouble === "offline") { failures = 0; send(); }
});
addEventListener("online", () => send());
setInterval(tell, 1000);
