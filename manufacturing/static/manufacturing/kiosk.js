// The run page: patches text and shapes in place as parts come; without it the page still reads as it was served.
// Events come from stream.js: "ew:event" (a part, a gate, a label), "ew:live" (how the line stands), "ew:beat".

import { post } from "/static/ui/post.js";

const RESULTS = 12;
const HOLD_NG_MS = 10000;

const root = document.querySelector('[data-part~="run"]');
const line = root.dataset.line;
const simulated = root.dataset.simulated === "yes";
const fields = (name) => root.querySelectorAll(`[data-field="${name}"]`);
const one = (name) => root.querySelector(`[data-field="${name}"]`);
const set = (name, text) => fields(name).forEach((el) => { if (el.textContent !== text) el.textContent = text; });

let last = null;      // the newest part: what the verdict tile shows
let shown = null;     // the part in the viewer: the newest, or an NG held until it was seen
let heldUntil = 0;
let pinned = false;
let standing = JSON.parse(root.dataset.standing || "null");
let lineLive = true;
let chartDue = 0;

function tile(kind, shape, word, why, score, share) {
  const el = one("verdict");
  el.className = `verdict verdict--${kind}${share === null ? "" : " verdict--rows"}`;
  el.querySelector(".verdict__shape use").setAttribute("href", `#shape-${shape}`);
  const text = el.querySelector(".verdict__word");
  text.textContent = word;
  text.classList.toggle("verdict__word--long", word.length > 2);
  set("verdict-why", why);
  set("verdict-score", score);
  const scale = el.querySelector(".verdict__scale");
  scale.toggleAttribute("hidden", share === null);
  if (share !== null) scale.querySelector(".verdict__filled").setAttribute("width", String(Math.round(share * 616)));
}

function drawTile() {
  if (!lineLive) return tile("none", "none", "NOT LIVE", "No news from the line", "", null);
  const order = standing && standing.tile;
  if (order) return tile(order.kind, order.shape, order.word, order.why, "", null);
  if (!last) return tile("none", "wait", "WAITING", "No part yet", "", null);
  const why = last.simulated ? `SIMULATED · ${last.why}` : last.why;
  const share = last.score_text ? last.share : null;
  return tile(last.kind, last.kind, last.word, why, last.score_text, share);
}

function drawBanner() {
  const banner = one("banner");
  const now = lineLive && standing ? standing.banner : { kind: "fault", word: "NOT LIVE", text: "No news from the line process." };
  banner.toggleAttribute("hidden", !now.kind);
  banner.className = `banner kiosk__banner banner--${now.kind || "idle"}`;
  set("banner-word", now.word);
  set("banner-text", now.text);
  const age = one("banner-age");
  if (now.since_utc_s) {
    const s = Math.max(0, Math.round(Date.now() / 1000 - now.since_utc_s));
    age.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  } else {
    age.textContent = "";
  }
}

function drawCover() {
  const cover = lineLive && standing ? standing.cover : null;
  const el = one("cover");
  el.toggleAttribute("hidden", !cover);
  if (!cover) return;
  set("cover-title", cover.title);
  const steps = cover.steps.map((step) => { const li = document.createElement("li"); li.textContent = step; return li; });
  one("cover-steps").replaceChildren(...steps);
}

function drawViewer(part) {
  shown = part;
  const photo = one("photo");
  const heat = one("heat");
  photo.toggleAttribute("hidden", !part.image);
  if (part.image) photo.setAttribute("href", part.image);
  heat.toggleAttribute("hidden", !part.heat || part.kind !== "ng");
  if (part.heat) heat.setAttribute("href", part.heat);
  one("no-photo").toggleAttribute("hidden", Boolean(part.image));
  const box = one("where");
  const w = part.where;
  const marked = part.kind === "ng" && w && w.w > 0;
  box.toggleAttribute("hidden", !marked);
  if (marked) {
    box.setAttribute("x", String(w.x * 100)); box.setAttribute("y", String(w.y * 100));
    box.setAttribute("width", String(w.w * 100)); box.setAttribute("height", String(w.h * 100));
  }
  set("part", part.part);
  set("taken", part.taken ? `taken ${part.taken}` : "");
  set("decided", part.decided ? `decided in ${part.decided}` : "");
  set("score", part.score_text || "– –");
  set("model", part.model || "– –");
  set("code", `${part.why} (${part.code})`);
  one("held").toggleAttribute("hidden", !(pinned || (part.kind === "ng" && part !== last)));
  set("held-text", pinned ? "Tap the newest result to go on" : "Held: last NG");
  drawOutcome(part);
  drawKeys(part);
}

function drawOutcome(part) {
  set("outcome", part.outcome);
  set("outcome-small", `Part ${part.part} · ${part.outcome_small}`);
  one("outcome-shape").setAttribute("href", `#shape-${part.kind === "ok" ? "ok" : part.kind === "ng" ? "ng" : "none"}`);
}

function drawKeys(part) {
  for (const key of root.querySelectorAll("[data-label]")) {
    const fits = key.dataset.fits.split(" ").includes(part.kind);
    key.toggleAttribute("hidden", !fits);
    key.setAttribute("aria-pressed", String(part.label === key.dataset.label));
    key.toggleAttribute("disabled", !lineLive);
  }
}

function addResult(part) {
  const list = one("results");
  const item = one("result-template").content.firstElementChild.cloneNode(true);
  const button = item.querySelector("button");
  button.dataset.partId = part.part;
  button.className = `results__item${part.kind === "ng" ? " results__item--ng" : ""}${part.kind === "none" || part.kind === "bypass" ? " results__item--none" : ""}`;
  button.setAttribute("aria-label", `Part ${part.part}: ${part.word}`);
  item.querySelector("use").setAttribute("href", `#shape-${part.kind}`);
  item.querySelector("[data-result-id]").textContent = part.part;
  list.append(item);
  while (list.children.length > RESULTS) list.firstElementChild.remove();
  mark();
}

function mark() {
  for (const button of one("results").querySelectorAll("button")) {
    button.classList.toggle("results__item--now", Boolean(shown) && button.dataset.partId === shown.part);
  }
}

function count(counts) {
  for (const [name, text] of Object.entries(counts)) set(`count-${name}`, text);
}

function newPart(part) {
  last = part;
  count(part.counts);
  drawTile();
  const now = performance.now();
  if (part.kind === "ng") heldUntil = now + HOLD_NG_MS;
  if (part.kind === "ok") { if (part.image) one("last-good").setAttribute("href", part.image); set("last-good-id", part.part); }
  if (part.kind === "ng") { if (part.image) one("last-ng").setAttribute("href", part.image); set("last-ng-id", part.part); }
  const hold = shown && shown.kind === "ng" && now < heldUntil && part.kind !== "ng";
  if (!pinned && !hold) drawViewer(part);
  addResult(part);
  if (shown) one("held").toggleAttribute("hidden", !(pinned || shown !== part));
  if (now > chartDue) { chartDue = now + 15000; chart(); }
}

async function chart() {
  const answer = await fetch(root.dataset.chart);
  if (!answer.ok) return;
  const { shares, mean, limit, size, in_control: calm } = await answer.json();
  if (shares.length < 2) return;
  const top = Math.max(limit || 0, ...shares, mean) * 1.15 || 0.01;
  const x = (i) => 8 + (550 * i) / (shares.length - 1);
  const y = (share) => 79 - (66 * share) / top;
  one("chart-line").setAttribute("points", shares.map((s, i) => `${x(i).toFixed(1)},${y(s).toFixed(1)}`).join(" "));
  one("chart-mean").setAttribute("y1", y(mean)); one("chart-mean").setAttribute("y2", y(mean));
  one("chart-limit").toggleAttribute("hidden", limit === null);
  if (limit !== null) { one("chart-limit").setAttribute("y1", y(limit)); one("chart-limit").setAttribute("y2", y(limit)); }
  one("chart-limit-text").setAttribute("y", String(y(limit === null ? mean : limit) + 6));
  set("chart-limit-text", limit === null ? "" : `${(100 * limit).toFixed(1)} %`);
  one("chart-mean-text").setAttribute("y", String(y(mean) + (limit === null || y(mean) - y(limit) > 20 ? 6 : 24)));
  set("chart-mean-text", `${(100 * mean).toFixed(1)} %`);
  set("chart-title", limit === null ? "Reject rate" : calm ? "Reject rate, in control" : "Reject rate, OUT OF CONTROL");
  set("chart-size", `${shares.length} samples of ${size}`);
}

function live(data) {
  if (data.standing) { standing = data.standing; drawTile(); drawBanner(); drawCover(); stopKey(); }
  if (data.counts_shown) count(data.counts_shown);
  if (data.decided_ms) {
    const { p99, worst } = data.decided_ms;
    set("p99", p99 === undefined ? "– –" : String(Math.round(p99)));
    set("worst", worst === undefined ? "" : `ms  worst ${Math.round(worst)} ms`);
    const bar = one("p99-bar");
    if (p99 !== undefined) bar.setAttribute("width", `${Math.min(100, (100 * p99) / Number(root.dataset.windowMs))}%`);
  }
  if (data.shift) set("shift", data.shift);
  if (data.model !== undefined) set("recipe", data.model || "No recipe");
  if (data.plc_age_s !== undefined) chips(data);
}

function chips(data) {
  const { plc_lost: plc, camera_lost: camera } = standing || {};
  chip("plc", plc, data.plc_age_s);
  chip("camera", camera, data.camera_age_s);
}

function chip(name, lost, ageS) {
  set(`${name}-age`, ageS === null || ageS === undefined ? "– –" : `${lost ? "lost " : ""}${Math.round(ageS)} s`);
  one(`${name}-chip`).classList.toggle("chip--fault", Boolean(lost));
}

function stopKey() {
  const stopped = Boolean(standing && standing.stopped);
  one("stop").toggleAttribute("hidden", stopped);
  one("start").toggleAttribute("hidden", !stopped);
  const bypassed = Boolean(standing && standing.banner.word === "BYPASS");
  one("bypass").toggleAttribute("hidden", bypassed);
  one("end-bypass").toggleAttribute("hidden", !bypassed);
}

async function order(name, args) {
  const answer = await post(`${root.dataset.orders}/${name}`, args);
  const said = await answer.json().catch(() => ({ accepted: false, reason: `The box answered ${answer.status}` }));
  toast(said.accepted ? one("toast").dataset.done : said.reason || said.error || "Refused");
  return said.accepted;
}

let toastTimer = 0;
function toast(text) {
  const el = one("toast");
  set("toast-text", text);
  el.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { el.hidden = true; }, 4000);
}

async function label(key) {
  const part = shown;
  if (part && await order("label", { part: part.part, label: key.dataset.label })) {
    part.label = key.dataset.label;
    if (shown === part) drawKeys(part);
  }
}

async function pin(button) {
  const newest = last && button.dataset.partId === last.part;
  pinned = !newest;
  if (newest) { heldUntil = 0; drawViewer(last); mark(); return; }
  const answer = await fetch(`${root.dataset.parts}/${button.dataset.partId}`);
  if (answer.ok) { drawViewer(await answer.json()); mark(); }
}

document.addEventListener("ew:event", ({ detail }) => {
  if (detail.station !== line) return;
  if (detail.kind === "part") newPart(detail.part);
  else if (detail.kind === "gate" && shown && detail.subject === shown.part) {
    shown.outcome_small = detail.text;
    drawOutcome(shown);
  }
});
document.addEventListener("ew:live", ({ detail }) => { if (detail.station === line) live(detail.data); });
document.addEventListener("ew:beat", ({ detail }) => {
  const alive = !detail.stale;
  if (alive !== lineLive) { lineLive = alive; drawTile(); drawCover(); if (shown) drawKeys(shown); }
  if (!alive) { set("plc-age", "– –"); set("camera-age", "– –"); }
  drawBanner();
});

root.addEventListener("click", (event) => {
  const key = event.target.closest("[data-label], [data-order], [data-part-id], [data-open], [data-photo]");
  if (!key) return;
  if (key.dataset.label) label(key);
  else if (key.dataset.partId) pin(key);
  else if (key.dataset.open) document.getElementById(key.dataset.open).showModal();
  else if (key.dataset.photo) { const heat = one("heat"); if (shown && shown.heat) heat.toggleAttribute("hidden"); }
  else if (!key.dataset.holdMs) order(key.dataset.order, JSON.parse(key.dataset.args || "{}"));
});
root.addEventListener("held", (event) => order(event.target.closest("[data-order]").dataset.order, {}));
for (const dialog of root.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    const reason = event.target.closest("[data-reason]");
    if (reason) order("bypass", { reason: reason.dataset.reason });
    if (reason || event.target.closest("[data-close]")) dialog.close();
  });
}

const first = JSON.parse(root.dataset.last || "null");
if (first) { last = first; drawViewer(first); mark(); }
drawTile(); drawBanner(); drawCover(); stopKey(); chart();
void simulated;
