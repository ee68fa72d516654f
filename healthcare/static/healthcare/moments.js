// Moments that count on by themselves, by the box's clock: elements with data-moment and data-utc-s. Kinds: age, left,
// clock, coarse, over; text stays as it is.

import { setAttribute, setText } from "./patch.js";
import { minutes } from "./told.js";

const EVERY_MS = 250;
const SMOOTHED_S = 0.25; // less than this is the network's unevenness, not the clock's
let ahead = null; // how far the box's UTC is ahead of this page's own time, seconds
let zoned = null;

export function begin(zone, nowUtcS) {
  zoned = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hour12: false });
  hear(nowUtcS);
  document.addEventListener("ew:beat", ({ detail }) => hear(detail.at));
  setInterval(() => { for (const element of document.querySelectorAll("[data-utc-s]")) draw(element); }, EVERY_MS);
}

function hear(utcS) {
  if (typeof utcS !== "number") return;
  const heard = utcS - performance.now() / 1000;
  ahead = ahead === null || Math.abs(heard - ahead) > SMOOTHED_S ? heard : ahead + (heard - ahead) / 16;
}

// The box's UTC in seconds, now.
export const boxNow = () => ahead + performance.now() / 1000;

function coarse(seconds) {
  const whole = Math.floor(Math.max(0, seconds) / 60);
  return whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, "0")}`;
}

const TEXTS = {
  age: (at, now) => minutes(now - at),
  left: (at, now) => minutes(Math.ceil(Math.max(0, at - now))),
  coarse: (at, now) => coarse(now - at),
  over: (at, now) => (now - at < 60 ? "now" : `${coarse(now - at)} over`),
  clock: (at) => zoned.format(at * 1000),
};

function draw(element) {
  setText(element, TEXTS[element.dataset.moment](Number(element.dataset.utcS), boxNow()));
}

export function setMoment(element, moment) {
  setAttribute(element, "data-moment", moment.kind);
  if (moment.kind === "text" || moment.utc_s === null || moment.utc_s === undefined) {
    element.removeAttribute("data-utc-s");
    setText(element, moment.text || "");
  } else {
    setAttribute(element, "data-utc-s", String(moment.utc_s));
    draw(element);
  }
}
