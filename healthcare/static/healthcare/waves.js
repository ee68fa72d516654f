// Sweeping waves, 25 mm/s: chunks of the stream go into one ring a bed and channel, and every frame draws what has become
// due since the last one, a set delay after it was measured, with a bar of nothing ahead of it.
// With ?measure in the address each chunk leaves a `performance` measure "ew-wave": from the sample's time to the screen,
// without the set delay; detail {station, channel, late_ms}.

import { boxNow } from "./moments.js";
import { setHidden, setText } from "./patch.js";

const PX_PER_S = 94.5; // 25 mm/s at 96 dpi
const PX_PER_MV = 37.8; // 10 mm/mV
const ERASE_PX = 16;
const RING_S = 12;
const CLOCK_OFF_S = 2; // a device whose clock is further off is drawn by when its chunks come
const CATCH_UP = 1.15;
const GAP_S = 1.5; // further behind than this is jumped
const SCALED_S = 4; // so much of a wave says how large it is
const GAINS = [1, 0.5, 0.25, 0.125];
const COLOURS = { pleth: "spo2", abp_mmhg: "bp", resp_ohm: "rr", co2_mmhg: "rr" };
const measuring = new URLSearchParams(location.search).has("measure");
const stepwise = matchMedia("(prefers-reduced-motion: reduce)");

const rings = new Map(); // "bed-7 ecg_ii_mv" -> Ring
const strips = new Map(); // canvas -> Strip
let delayS = 1;

class Ring {
  constructor(rate) {
    this.rate = rate;
    this.size = Math.ceil(rate * RING_S);
    this.values = new Float32Array(this.size).fill(NaN);
    this.end = null; // number of the sample after the newest, counted from UTC 0 at this rate
    this.filled = 0; // samples since the beginning
    this.skewS = 0;
    this.waiting = []; // chunks not yet on screen, for the measure
  }

  put(startS, samples) {
    const first = Math.round(startS * this.rate);
    if (this.end === null || first > this.end + this.size || first < this.end - this.size) {
      this.values.fill(NaN);
      this.end = first;
      this.filled = 0;
    }
    for (let number = this.end; number < first; number += 1) this.values[number % this.size] = NaN;
    for (let at = 0; at < samples.length; at += 1) this.values[(first + at) % this.size] = samples[at];
    this.end = Math.max(this.end, first + samples.length);
    this.filled += samples.length;
    const lateS = boxNow() - this.end / this.rate;
    if (Math.abs(lateS) > CLOCK_OFF_S) this.skewS = this.skewS === 0 ? lateS : Math.min(lateS, this.skewS + 0.02);
    else this.skewS = 0;
  }

  at(number) {
    return number < this.end && number >= this.end - this.size ? this.values[number % this.size] : NaN;
  }

  // Least, middle (of all values) and greatest of the newest seconds; null where there is nothing.
  range(seconds) {
    const found = [];
    const from = Math.max(this.end - Math.floor(seconds * this.rate), this.end - this.size);
    for (let number = from; number < this.end; number += 1) {
      const value = this.values[number % this.size];
      if (!Number.isNaN(value)) found.push(value);
    }
    if (!found.length) return null;
    found.sort((a, b) => a - b);
    return { low: found[0], middle: found[found.length >> 1], high: found.at(-1) };
  }
}

class Strip {
  constructor(canvas) {
    this.canvas = canvas;
    this.label = canvas.parentElement.querySelector("[data-label]");
    this.context = canvas.getContext("2d");
    this.key = "";
    this.still = true;
    this.clear();
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  // `still` keeps what is drawn and moves nothing; `flat` says that there is nothing to draw.
  show(key, name, channel, still, flat) {
    const again = this.still && !still;
    this.still = still || flat;
    this.canvas.parentElement.classList.toggle("is-flat", flat);
    if (again) this.clear();
    if (this.key === key) return;
    this.key = key;
    this.name = name;
    this.ecg = channel.startsWith("ecg");
    this.canvas.className = `bedside__canvas bedside__canvas--${COLOURS[channel] || "hr"}`;
    this.clear();
  }

  clear() {
    this.shownTo = null; // time of the newest sample on screen, in the device's time
    this.scale = null;
    this.settled = false; // whether the scale comes from enough of the wave
    this.ink = "";
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    setText(this.label, this.name || "");
    setHidden(this.label, !this.name);
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (this.width === width && this.height === height && this.ratio === ratio) return;
    Object.assign(this, { width, height, ratio });
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.clear();
  }

  // Where which value stands, and the pixels a unit; looked at anew each time the sweep begins at the left. The line of
  // an ECG stands low, or high where its peaks go down, so that it does not move when a peak comes.
  measure(ring) {
    const range = ring.range(SCALED_S);
    if (!range) return this.scale;
    const { low, middle, high } = range;
    if (!this.ecg) return { value: (high + low) / 2, at: 0.5, perUnit: high > low ? (0.66 * this.height) / (high - low) : 0 };
    const up = high - middle >= middle - low;
    const most = Math.max((high - middle) / (up ? 0.66 : 0.28), (middle - low) / (up ? 0.28 : 0.66)) * PX_PER_MV;
    const gain = GAINS.find((one) => most * one <= this.height) || GAINS.at(-1);
    setText(this.label, gain === 1 ? this.name : `${this.name} ×${gain}`);
    return { value: middle, at: up ? 0.7 : 0.3, perUnit: PX_PER_MV * gain };
  }

  frame(now, passedS) {
    const ring = rings.get(this.key);
    if (this.still || !ring || ring.end === null || !this.width) return;
    const due = Math.min(now - delayS - ring.skewS, ring.end / ring.rate);
    const settles = !this.settled && ring.filled >= SCALED_S * ring.rate;
    if (settles || this.shownTo === null || Math.abs(due - this.shownTo) > GAP_S) {
      this.settled ||= settles;
      this.scale = null;
      this.shownTo = due - (this.width - ERASE_PX) / PX_PER_S; // all that is known of this sweep at once
      this.draw(ring, this.shownTo, due);
      this.shownTo = due;
    }
    const to = Math.min(due, this.shownTo + passedS * CATCH_UP);
    if (to <= this.shownTo) return; // nothing came: the sweep waits
    this.draw(ring, this.shownTo, to);
    this.shownTo = to;
    if (measuring) tellShown(this.key, ring, to, now);
  }

  draw(ring, from, to) {
    const { context, width, height, ratio } = this;
    const x = (seconds) => ((seconds * PX_PER_S) % width + width) % width;
    let number = Math.floor(from * ring.rate);
    const last = Math.floor(to * ring.rate);
    if (last <= number) return;
    const whole = this.scale === null;
    if (whole || x(last / ring.rate) < x(number / ring.rate)) this.scale = this.measure(ring);
    if (!this.scale) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (whole) context.clearRect(0, 0, width, height);
    else this.erase(x(number / ring.rate), (to - from) * PX_PER_S + ERASE_PX);
    context.strokeStyle = this.colour();
    context.lineWidth = 1.6;
    context.lineJoin = "round";
    context.beginPath();
    const { value: zero, at, perUnit } = this.scale;
    const y = (value) => Math.min(height - 1, Math.max(1, at * height - (value - zero) * perUnit));
    let pen = null;
    for (; number <= last; number += 1) {
      const value = ring.at(number);
      const across = x(number / ring.rate);
      if (Number.isNaN(value)) { pen = null; continue; }
      if (pen === null || across < pen) context.moveTo(across, y(value));
      else context.lineTo(across, y(value));
      pen = across;
    }
    context.stroke();
  }

  erase(at, span) {
    const { context, width, height } = this;
    context.clearRect(at + 1, 0, span, height);
    if (at + span > width) context.clearRect(0, 0, at + span - width, height);
  }

  colour() {
    this.ink = this.ink || getComputedStyle(this.canvas).color;
    return this.ink;
  }
}

function tellShown(key, ring, to, now) {
  while (ring.waiting.length && ring.waiting[0].end <= to + 0.5 / ring.rate) {
    const { end } = ring.waiting.shift();
    const lateMs = Math.max(0, 1000 * (now - end - delayS - ring.skewS));
    const [station, channel] = key.split(" ");
    const at = performance.now();
    performance.measure("ew-wave", { start: Math.max(0, at - lateMs), end: at, detail: { station, channel, late_ms: lateMs } });
  }
}

// Which of a bed's channels stand on its strips.
export function showWaves(canvases, station, channels, names, { still, flat }) {
  canvases.forEach((canvas, at) => {
    if (!strips.has(canvas)) strips.set(canvas, new Strip(canvas));
    const channel = channels[at] || "";
    setHidden(canvas.parentElement, at > 0 && !channel);
    const off = flat.some((kind) => channel.startsWith(kind)) || (!channel && at === 0 && flat.length > 0);
    strips.get(canvas).show(channel ? `${station} ${channel}` : "", names[channel] || "", channel, still, off);
  });
}

// After the colours of the page have changed.
export function repaint() {
  for (const strip of strips.values()) strip.ink = "";
}

function hear({ head, bytes }) {
  const { channel, rate_hz: rate, start_utc_s: startS } = head.data || {};
  if (typeof channel !== "string" || !(rate > 0) || !Number.isFinite(startS)) return;
  const key = `${head.station} ${channel}`;
  if (rings.get(key)?.rate !== rate) rings.set(key, new Ring(rate));
  const ring = rings.get(key);
  ring.put(startS, new Float32Array(bytes));
  if (measuring && [...strips.values()].some((strip) => strip.key === key)) ring.waiting.push({ end: ring.end / rate });
}

export function waves(delay) {
  delayS = delay;
  document.addEventListener("ew:wave", ({ detail }) => hear(detail));
  let last = performance.now();
  const step = (at) => {
    const passedS = Math.min((at - last) / 1000, 1.2);
    if (!stepwise.matches || passedS >= 1) {
      last = at;
      const now = boxNow();
      for (const strip of strips.values()) strip.frame(now, passedS);
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
