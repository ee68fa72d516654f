// The right rail: rows come and go by their keys, copied from the page's templates; the keys stay where they are.

import { setMoment } from "./moments.js";
import { field, setAttribute, setHidden, setLooks, setShape, setText } from "./patch.js";

const lists = {};
for (const part of document.querySelectorAll("[data-list]")) lists[part.dataset.list] = part;
const copyOf = (name) => document.querySelector(`[data-copy="${name}"]`).content.firstElementChild.cloneNode(true);

function drawAlarm(row, value) {
  setLooks(row, "alarm-row--", [value.look]);
  setShape(field(row, "shape"), value.shape);
  for (const name of ["bed", "what", "who"]) setText(field(row, name), value[name]);
  setMoment(field(row, "left"), { kind: "left", utc_s: value.left_utc_s });
  setHidden(field(row, "paused"), !value.paused);
  setMoment(field(row, "age"), value.time);
}

function drawDue(row, value) {
  for (const name of ["bed", "what", "why"]) setText(field(row, name), value[name]);
  const when = field(row, "when");
  setLooks(when, "due__when--", [value.over ? "over" : ""]);
  setMoment(when, { kind: value.over ? "over" : "clock", utc_s: value.at_utc_s });
}

function drawAdvice(row, value) {
  for (const name of ["bed", "text"]) setText(field(row, name), value[name]);
}

// Rows in the order of `values`; one that is there already is moved only when it must be.
function fill(name, copy, values, keyOf, draw) {
  const part = lists[name];
  setText(field(part, "count"), String(values.length));
  const list = part.querySelector("[data-rows]");
  const old = new Map([...list.children].map((row) => [row.dataset.key, row]));
  let before = list.firstElementChild;
  for (const value of values) {
    const key = keyOf(value);
    const row = old.get(key) || copyOf(copy);
    old.delete(key);
    setAttribute(row, "data-key", key);
    draw(row, value);
    if (row === before) before = before.nextElementSibling;
    else list.insertBefore(row, before);
  }
  for (const row of old.values()) row.remove();
}

// How many rows of a list do not fit; it scrolls, and says so.
function drawBelow(part) {
  const list = part.querySelector("[data-rows]");
  const fits = list.scrollHeight <= list.clientHeight + 1;
  const end = list.getBoundingClientRect().bottom + 1;
  const below = fits ? 0 : [...list.children].filter((row) => row.getBoundingClientRect().bottom > end).length;
  setText(field(part, "below"), below ? `${below} more` : "");
}

export function drawRail(shown) {
  for (const name of ["active", "ended", "technical"]) fill(name, "alarm", shown[name], (value) => value.key, drawAlarm);
  fill("due", "due", shown.due, (value) => value.bed, drawDue);
  fill("advice", "advice", shown.advice, (value) => `${value.bed} ${value.text}`, drawAdvice);
  for (const part of Object.values(lists)) drawBelow(part);
}

export function drawPicked(key) {
  for (const row of document.querySelectorAll(".rail [data-key]")) {
    const pick = row.querySelector(".alarm-row__pick");
    if (pick) setAttribute(pick, "aria-pressed", String(row.dataset.key === key));
  }
}
