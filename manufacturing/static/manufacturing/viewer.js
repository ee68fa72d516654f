// The part in the picture: heat, outline and flag over the whole of it; the place it is about, beside a good part.

import { attributes, copy, one, put, set, show, state } from "./fields.js";

const FLAG_PX = 24;
const PAUSES_MS = [150, 300, 600];
const seen = { good: state.last_good, bad: state.last_bad };
let asked = 0;
let drawn = null;

export function remember(part) {
  if (part.kind === "ok") seen.good = part;
  if (part.kind === "ng") seen.bad = part;
}

const decoded = (address) => {
  const picture = new Image();
  picture.src = address;
  return picture.decode().then(() => true, () => false);
};

// A part is told at the commit of its event, its picture may be on the disk a moment later.
async function loaded(address) {
  for (const pauseMs of PAUSES_MS) {
    if (await decoded(address)) return true;
    await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
  }
  return decoded(address);
}

// Resolves when the part is drawn, or another was asked for meanwhile: a picture appears whole or not at all.
export async function view(part) {
  const mine = ++asked;
  const [image, heat] = await Promise.all([part.image, part.kind === "ng" && part.heat].map((it) => it && loaded(it)));
  if (mine !== asked) return;
  if (!image) part.image = ""; // none was kept: the page says so
  draw(part, image, heat);
}

function draw(part, image, heat) {
  drawn = part;
  const { w, h } = part.picture;
  one("viewer").classList.toggle("viewer--side", w < 2 * h);
  one("frame").setAttribute("viewBox", `0 0 ${w} ${h}`);
  attributes(one("photo"), { width: w, height: h, href: part.image });
  show("photo", image);
  drawHeat(part, image && heat);
  drawInsets(part);
  for (const [name, text] of Object.entries(part.facts)) set(`fact-${name}`, text);
  set("part", part.part);
  set("taken", part.taken ? `taken ${part.taken}${part.decided ? `, decided in ${part.decided}` : ""}` : "");
}

function drawHeat(part, known) {
  show("heat", known);
  if (!known) return;
  const { w, h } = part.picture;
  attributes(one("heat-map"), { width: w, height: h, href: part.heat });
  const [low, high] = part.heat_range.map((level) => level / 255);
  const row = `${1 / (high - low)} 0 0 0 ${-low / (high - low)}`; // the least to see becomes 0, the peak 1; colour and cover follow
  one("heat-range").setAttribute("values", [row, row, row, row].join(" "));
  const path = smooth(part.outline.map(([x, y]) => [x * w, y * h]));
  for (const name of ["outline", "outline-in"]) one(name).setAttribute("d", path);
  drawFlag(part);
}

// Through the middles of the sides, so that the border is round.
function smooth(points) {
  if (points.length < 3) return "";
  const middle = ([ax, ay], [bx, by]) => `${((ax + bx) / 2).toFixed(1)} ${((ay + by) / 2).toFixed(1)}`;
  const corner = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const next = (i) => points[(i + 1) % points.length];
  return `M${middle(points.at(-1), points[0])}${points.map((p, i) => `Q${corner(p)} ${middle(p, next(i))}`).join("")}z`;
}

function drawFlag(part) {
  const { w, h } = part.picture;
  const frame = one("frame").getBoundingClientRect();
  const unit = frame.width ? Math.max(w / frame.width, h / frame.height) : w / 800; // picture pixels to one of the screen
  const text = one("flag-text");
  put(text, part.flag);
  text.setAttribute("font-size", String(FLAG_PX * unit));
  const half = text.getComputedTextLength() / 2 + 16 * unit;
  const high = 40 * unit;
  const tip = 12 * unit;
  const { x, y, w: across, h: down } = part.where;
  const middle = (x + across / 2) * w;
  const spare = (frame.width * unit - w) / 2; // beside the picture there may be room, too
  const centre = Math.min(Math.max(middle, half - spare), w - half + spare);
  const above = y * h - high - tip - 6 * unit > -(frame.height * unit - h) / 2;
  const top = above ? y * h - high - tip - 4 * unit : (y + down) * h + tip + 4 * unit;
  const [from, to] = above ? [top + high, top + high + tip] : [top, top - tip];
  one("flag").setAttribute("d", `M${centre - half} ${top}h${2 * half}v${high}h${-2 * half}z M${middle - tip} ${from}L${middle} ${to}L${middle + tip} ${from}z`);
  attributes(text, { x: centre, y: top + high / 2 + FLAG_PX * 0.36 * unit });
}

function drawInsets(part) {
  const bad = part.kind === "ng" ? part : seen.bad;
  const where = bad?.where;
  inset("this", part.kind === "ng" ? "This part" : `Last NG${bad ? ` ${bad.part}` : ""}`, bad, where);
  inset("good", `Last good part${seen.good ? ` ${seen.good.part}` : ""}`, seen.good, where);
}

function inset(name, caption, part, where) {
  const image = one(name);
  const svg = image.ownerSVGElement;
  set(`${name}-caption`, caption);
  image.toggleAttribute("hidden", !part?.image);
  if (!part?.image) return;
  const { w, h } = part.picture;
  attributes(image, { width: w, height: h, href: part.image });
  const box = svg.getBoundingClientRect();
  svg.setAttribute("viewBox", around(where, w, h, box.height ? box.width / box.height : 3).join(" "));
}

// The place with what is around it, in the shape of the inset and, where it can, inside the picture.
function around(where, w, h, aspect) {
  const place = where?.w ? where : { x: 0, y: 0, w: 1, h: 1 };
  const wide = Math.max(place.w * w * 1.6, place.h * h * 1.4 * aspect, 0.3 * w);
  const high = wide / aspect;
  const held = (middle, size, whole) => (size >= whole ? (whole - size) / 2 : Math.min(Math.max(middle - size / 2, 0), whole - size));
  return [held((place.x + place.w / 2) * w, wide, w), held((place.y + place.h / 2) * h, high, h), wide, high].map((v) => v.toFixed(1));
}

let coverKey = "";

export function drawCover(cover) {
  const key = JSON.stringify(cover);
  if (key === coverKey) return;
  coverKey = key;
  const plain = Boolean(cover && !cover.plate);
  one("viewer").classList.toggle("viewer--plain", plain);
  one("cover").classList.toggle("viewer__cover--plate", Boolean(cover?.plate));
  show("cover", cover);
  if (cover) one("cover").replaceChildren(filled(cover));
  else if (drawn) draw(drawn, Boolean(drawn.image), drawn.kind === "ng" && Boolean(drawn.heat)); // its places were not measured while covered
}

function filled(cover) {
  const made = copy("cover", cover.plate ? "plate" : cover.steps.length ? "steps" : "text");
  put(made.querySelector(".lost__word"), cover.word);
  put(made.querySelector(".lost__text"), cover.text);
  const list = made.querySelector(".steps");
  list?.replaceChildren(...cover.steps.map((step) => {
    const item = list.firstElementChild.cloneNode(true);
    item.textContent = step;
    return item;
  }));
  return made;
}

export function togglePhoto(button) {
  const photo = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!photo));
  one("viewer").classList.toggle("viewer--photo", photo);
}
