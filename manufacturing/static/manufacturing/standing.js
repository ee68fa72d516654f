// How the line stands: verdict tile, banner, outcome.

import { toMinutes } from "/static/ui/parts.js";
import { boxNowS, copy, one, put, root, set, show } from "./fields.js";

let tileKey = "";

export function drawTile(tile) {
  const el = root.querySelector(".verdict");
  const scaled = tile.share !== null;
  const key = [tile.kind, tile.shape, tile.word, scaled].join();
  if (key !== tileKey) {
    tileKey = key;
    const fresh = copy("verdict", tile.shape);
    const word = fresh.querySelector(".verdict__word");
    word.textContent = tile.word;
    word.classList.toggle("verdict__word--long", tile.word.length > 2);
    if (!scaled) fresh.querySelector(".verdict__scale")?.remove();
    el.className = `verdict verdict--${tile.kind}`;
    el.replaceChildren(...fresh.childNodes);
  }
  put(el.querySelector(".verdict__why > span"), tile.why);
  put(el.querySelector(".verdict__score"), tile.score);
  if (scaled) el.querySelector(".verdict__filled")?.setAttribute("width", String(Math.round(tile.share * 616)));
}

const OF_TRUST = ["PLC NOT TRUSTED", "NOT SECURED", "CERTIFICATE"];
let banner = { kind: "" };
let bannerKind = null;

export function drawBanner(given) {
  banner = given;
  show("banner", banner.kind);
  show("banner-to", OF_TRUST.includes(banner.word));
  root.classList.toggle("kiosk--banner", Boolean(banner.kind));
  if (!banner.kind) { bannerKind = null; return; }
  if (banner.kind !== bannerKind) {
    bannerKind = banner.kind;
    one("banner").replaceChildren(copy("banner", banner.kind));
  }
  set("banner-word", banner.word);
  set("banner-text", banner.text);
  drawBannerAge();
}

export function drawBannerAge() {
  if (!banner.kind) return;
  const { since_utc_s: since, until_utc_s: until } = banner;
  if (until) set("banner-age", `ends by itself in ${toMinutes(Math.max(0, Math.ceil(until - boxNowS())))}`);
  else set("banner-age", since ? toMinutes(Math.max(0, boxNowS() - since)) : "");
}

let outcomeShape = null;

export function drawOutcome([shape, text, small]) {
  if (shape !== outcomeShape) {
    outcomeShape = shape;
    root.querySelector(".outcome .icon").replaceWith(copy("outcome", shape));
  }
  set("outcome", text);
  set("outcome-small", small);
}
