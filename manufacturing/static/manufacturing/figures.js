// Counters, times, chips of the devices, the reject chart.

import { patient } from "/static/ui/patience.js";
import { toMinutes } from "/static/ui/parts.js";
import { line, one, root, set } from "./fields.js";

const CHART_EVERY_MS = 15000;
const DISK_ATTENTION_SHARE = 0.9;
const fieldOf = { rejected_of: "count-rejected-small", split: "count-rejected-side" };

export function count(counts) {
  for (const [name, text] of Object.entries(counts)) figure(fieldOf[name] || `count-${name}`, text);
}

function figure(name, text) {
  set(name, text);
  one(name).closest(".line__value")?.classList.toggle("line__value--none", text === "– –");
}

export function drawTimes({ p99, worst }) {
  if (p99 === undefined) return;
  figure("p99", String(Math.round(p99)));
  set("p99-unit", `ms  worst ${Math.round(worst)} ms`);
  const share = Math.min(1, p99 / Number(root.dataset.windowMs));
  one("p99").closest(".line__cell").querySelector(".bar__fill").setAttribute("width", `${(100 * share).toFixed(1)}%`);
}

export function drawChips(live, { faults, model }, alive) {
  const age = (s) => (alive && typeof s === "number" ? `${Math.round(s)} s` : "– –");
  const lost = (s) => `lost ${typeof s === "number" ? toMinutes(s) : ""}`;
  const plc = alive && faults.some((code) => code.startsWith("plc-") || code === "device-stopped");
  const camera = alive && faults.includes("camera-lost");
  chip("plc", plc ? lost(live.plc_age_s) : age(live.plc_age_s), plc ? "fault" : "");
  chip("camera", camera ? lost(live.camera_age_s) : age(live.camera_age_s), camera ? "fault" : "");
  const used = live.disk_used_share;
  const full = alive && faults.includes("disk-full");
  const kind = full ? "fault" : alive && used >= DISK_ATTENTION_SHARE ? "attention" : "";
  const text = alive && typeof used === "number" ? `${Math.round(100 * used)} %` : "– –";
  chip("disk", full ? `full, ${text}` : text, kind);
  chip("model", model, "attention");
  one("model-chip").toggleAttribute("hidden", !(alive && model));
}

function chip(name, text, kind) {
  set(name, text);
  one(name).closest(".chip").className = `chip${kind ? ` chip--${kind}` : ""}`;
}

let chartDue = performance.now() + CHART_EVERY_MS;

// Drawn by the box; asked for when parts come, not more often than every 15 s.
export async function chart() {
  if (performance.now() < chartDue) return;
  chartDue = performance.now() + CHART_EVERY_MS;
  const answer = await fetch(`/line/${line}/chart`, patient()).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  one("chart").replaceWith(page.querySelector('[data-field="chart"]'));
}
