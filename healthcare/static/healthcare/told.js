// What the wall says, from what the beds and the desk tell: words, looks, moments. The twin of sector_shown.py and
// wall_shown.py, which draw the page first; a test feeds both the same and compares. Depends on nothing.

export const NONE = "– –";
const PRIORITIES = ["high", "medium", "low"];
const STARS = { high: "***", medium: "**", low: "*" };
const OUT = {
  empty: ["No patient", ""],
  standby: ["Standby", "no alarms from this bed"],
  "never-heard": ["No monitor yet", "nothing was heard from this bed"],
};
const WAVES_OF = {
  spo2_pct: ["pleth"], pr_per_min: ["pleth"], rr_per_min: ["resp_ohm", "co2_mmhg"], etco2_mmhg: ["co2_mmhg"],
  abp_sys_mmhg: ["abp_mmhg"], abp_dia_mmhg: ["abp_mmhg"], abp_map_mmhg: ["abp_mmhg"],
};
const SHORT = { "no-data": "No data" };
const FLAT = { "leads-off": "ecg", "probe-off": "pleth" };
const SAID_ELSEWHERE = ["trend", "obs-overdue"];
const FEEDS = { hl7: "Monitor feed", waves: "Wave feed", sdc: "SDC devices" };
const UNIT = /\s*(?:%|\/min|mmHg|°C)$/;
const LEVELS = { high: "high", medium: "medium", "low-medium": "single" };
const NO_MOMENT = { kind: "text", text: "" };

const textOf = (value) => (typeof value === "string" ? value : "");
const two = (number) => String(number).padStart(2, "0");
const least = (values, rank) => values.reduce((best, value) => (rank(value) < rank(best) ? value : best));

// "0:43", "1 h 05"; empty for null.
export function minutes(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.floor(Math.max(0, seconds));
  const m = Math.floor(whole / 60);
  return whole < 3600 ? `${m}:${two(whole % 60)}` : `${Math.floor(m / 60)} h ${two(m % 60)}`;
}

function compare(a, b) {
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
  return 0;
}

// Alarms

const rankOf = (alarm) => [
  alarm.state === "latched", PRIORITIES.indexOf(alarm.priority), alarm.state === "acknowledged",
  alarm.kind === "technical", alarm.began_utc_s, alarm.id,
];
const byRank = (a, b) => compare(rankOf(a), rankOf(b));
const quiet = (alarm) => alarm.kind === "technical" && alarm.priority === "low";

const mereAdvice = ({ kind, priority, sound }) => kind === "advisory" && priority === "low" && !["on", "paused"].includes(sound);

// The bed's alarms, first the one that its sector is about; low advice is none, unless it sounds.
export const signalled = (bed) => (bed.alarms || []).filter((alarm) => !mereAdvice(alarm)).sort(byRank);

function lookOf(alarm) {
  if (alarm.state === "latched") return "latched";
  return quiet(alarm) ? "technical" : alarm.priority;
}

function shapeOf(alarm) {
  if (alarm.state === "latched") return "latched";
  return alarm.kind === "technical" ? "technical" : alarm.priority;
}

const starsOf = (alarm) => (quiet(alarm) ? "" : `${STARS[alarm.priority]} `);
const whatOf = (alarm) => `${alarm.label} ${alarm.text || ""}`.trim();

function lineOf(alarm) {
  const short = SHORT[alarm.code] || alarm.label;
  const label = alarm.kind === "technical" ? short.toUpperCase() : short;
  const line = starsOf(alarm) + `${label} ${(alarm.text || "").replace(UNIT, "")}`.trim();
  return alarm.state === "latched" ? `was ${line}` : line;
}

const momentOf = (alarm) => (alarm.state === "latched"
  ? { kind: "clock", utc_s: alarm.ended_utc_s || alarm.began_utc_s }
  : { kind: "age", utc_s: alarm.began_utc_s });
const pausedUntil = (alarm) => (alarm.sound === "paused" ? alarm.paused_until_utc_s ?? null : null);
const latest = (moments) => {
  const known = moments.filter((at) => at !== null);
  return known.length ? Math.max(...known) : null;
};

// One bed

export function sectorShown(bed, label, privacy = true) {
  const place = bed.place || { state: "never-heard" };
  const alarms = signalled(bed);
  const top = alarms[0] || null;
  const [out, outWhy] = outOf(place);
  const empty = place.state === "empty";
  const shown = {
    look: looks(place, top),
    out,
    out_why: outWhy,
    who: empty ? "" : whoOf(bed.patient, privacy),
    nurse: empty ? "" : textOf(bed.nurse),
    scale2: Boolean(bed.scale2),
    news: out ? null : newsOf(bed.news2),
    flat: [...new Set(alarms.filter(({ code, state }) => FLAT[code] && state !== "latched").map(({ code }) => FLAT[code]))].sort(),
    waves: wavesOf(bed.waves || [], top),
    ...headOf(place, alarms),
    ...numbersOf(bed.numerics || {}),
  };
  const said = shown.line ? `, ${shown.line}` : out ? `, ${out}` : "";
  shown.says = `Bed ${label}${said}`;
  return shown;
}

function outOf(place) {
  let [word, why] = OUT[place.state] || ["", ""];
  if (place.state === "standby") {
    word = place.since ? `${word} since ${place.since}` : word;
    why = place.why ? `${place.why}, ${why}` : why;
  }
  return [word, why];
}

function looks(place, top) {
  const found = [];
  if (top) found.push("told", lookOf(top), ...(top.state === "acknowledged" ? ["acknowledged"] : []));
  else if (place.state === "no-data") found.push("told", "technical");
  if (place.state === "no-data") found.push("stale");
  if (OUT[place.state]) found.push("out");
  if (place.state === "empty") found.push("empty");
  return found.join(" ");
}

function headOf(place, alarms) {
  if (alarms.length) {
    const top = alarms[0];
    return {
      line: lineOf(top) + (top.source_lost ? ", source lost" : ""), shape: shapeOf(top),
      more: alarms.length > 1 ? `+${alarms.length - 1}` : "", time: momentOf(top),
      paused_until_utc_s: latest(alarms.map(pausedUntil)),
    };
  }
  if (place.state === "no-data") {
    const time = { kind: "text", text: textOf(place.since) };
    return { line: "NO DATA", shape: "technical", more: "", time, paused_until_utc_s: null };
  }
  return { line: "", shape: "", more: "", time: NO_MOMENT, paused_until_utc_s: null };
}

function whoOf(patient, privacy) {
  if (!patient) return "No name";
  const initials = patient.initials || "No name";
  return privacy ? initials : patient.name || initials;
}

function newsOf(news2) {
  if (!news2) return null;
  const complete = Boolean(news2.complete);
  const score = String(news2.text);
  const atLeast = score.replace(/^[≥>=]+/, "").trim();
  return {
    score: /^\d+$/.test(atLeast) && !complete ? `≥${atLeast}` : score,
    level: complete ? LEVELS[news2.risk] || "" : "open",
    delta: String(news2.delta || "").replaceAll("-", "−"),
    at_utc_s: complete ? news2.at_utc_s ?? null : null,
  };
}

function wavesOf(waves, top) {
  const first = (top && WAVES_OF[top.measure]) || [];
  return [...waves.filter((wave) => first.includes(wave)), ...waves.filter((wave) => !first.includes(wave))];
}

function numbersOf(numerics) {
  const noHeart = valueOf(numerics, "hr_per_min").text === NONE && valueOf(numerics, "pr_per_min").text !== NONE;
  return {
    hr: { ...valueOf(numerics, noHeart ? "pr_per_min" : "hr_per_min"), name: noHeart ? "PR /min" : "HR /min" },
    spo2: valueOf(numerics, "spo2_pct"),
    rr: valueOf(numerics, "rr_per_min"),
    bp: pressureOf(numerics),
    t: valueOf(numerics, "temp_cel"),
  };
}

// Never a number without a sound state.
function valueOf(numerics, name) {
  const reading = numerics[name] || {};
  const text = textOf(reading.text);
  if (!["ok", "stale"].includes(reading.state) || !text) return { text: NONE, look: "none" };
  const found = [];
  if (reading.state === "stale") found.push("old");
  if (reading.alarm) found.push(`hit-${reading.alarm}`);
  return { text, look: found.join(" ") };
}

function pressureOf(numerics) {
  for (const [way, name] of [["abp", "ABP"], ["nibp", "BP"]]) {
    const [sys, dia] = ["sys", "dia"].map((part) => valueOf(numerics, `${way}_${part}_mmhg`));
    if (sys.text === NONE) continue;
    const readings = ["sys", "dia", "map"].map((part) => numerics[`${way}_${part}_mmhg`] || {});
    const hits = readings.filter((reading) => reading.alarm).map((reading) => reading.alarm);
    const found = sys.look.split(" ").filter((look) => look === "old");
    if (hits.length) found.push(`hit-${least(hits, (hit) => PRIORITIES.indexOf(hit))}`);
    const at = way === "nibp" ? readings[0].at_utc_s ?? null : null;
    return { name, text: `${sys.text}/${dia.text}`, look: found.join(" "), at_utc_s: at };
  }
  return { name: "BP", text: NONE, look: "none", at_utc_s: null };
}

// The ward

// Whether nothing comes from any bed: the box's own line is silent, or every feed is.
export function linkLost(ward, stale) {
  const feeds = ward.feeds || [];
  return stale || (feeds.length > 0 && !feeds.some((feed) => feed.ok));
}

export function audioShown(beds, ward, running, screen = "") {
  const audio = ward.audio || {};
  const screens = audio.screens;
  const here = !screens || !Object.keys(screens).length || screen in screens;
  if (!audio.commissioned || !here) return { word: "AUDIO NOT COMMISSIONED", look: "technical", until_utc_s: null };
  if (!running) return { word: "AUDIO UNAVAILABLE", look: "technical", until_utc_s: null };
  const alarms = [...beds, ward].flatMap((one) => one.alarms || []);
  const until = latest([...alarms.map(pausedUntil), audio.paused_until_utc_s ?? null]);
  return { word: until === null ? "Audio on" : "Audio paused", look: "", until_utc_s: until };
}

export function wardShown(places, beds, ward, audio, stale, screen = "") {
  const found = places.flatMap(([name, label]) => signalled(beds[name] || {}).map((alarm) => ({ name, label, alarm })));
  found.push(...signalled(ward).map((alarm) => ({ name: "ward", label: "", alarm })));
  found.sort((a, b) => byRank(a.alarm, b.alarm));
  const byTime = found.filter(({ alarm }) => alarm.state !== "latched");
  const timed = ({ alarm }) => [PRIORITIES.indexOf(alarm.priority), alarm.began_utc_s, alarm.id];
  byTime.sort((a, b) => compare(timed(a), timed(b)));
  const lost = linkLost(ward, stale);
  return {
    lost,
    banner: bannerOf(found, audio, lost),
    tally: tallyOf(found),
    active: byTime.filter(({ alarm }) => alarm.kind !== "technical").map(rowOf),
    ended: found.filter(({ alarm }) => alarm.state === "latched").map(rowOf),
    technical: [...wardRows(ward, audio, screen), ...byTime.filter(({ alarm }) => alarm.kind === "technical").map(rowOf)],
    due: dueOf(places, beds),
    advice: places.flatMap(([name, label]) => adviceOf(beds[name] || {}).map((text) => ({ bed: label, text }))),
  };
}

function bannerOf(found, audio, lost) {
  const calm = { shape: "", what: "", time: NO_MOMENT, to: "", go: "", note: "" };
  if (lost) return { ...calm, look: "high", shape: "high", text: "CENTRAL LINK LOST", what: "go to the bedside" };
  if (!found.length) {
    if (!audio.look) return { ...calm, look: "none", text: "No alarm" };
    return { ...calm, look: "technical", shape: "technical", text: audio.word, what: "no sound here" };
  }
  const { name, label, alarm } = found[0];
  const notes = alarm.state === "acknowledged" ? ["acknowledged"] : [];
  if (alarm.source_lost) notes.push("source lost");
  return {
    look: lookOf(alarm), shape: shapeOf(alarm), text: starsOf(alarm) + (label ? `BED ${label}` : "WARD"),
    what: (alarm.state === "latched" ? "was " : "") + whatOf(alarm), time: momentOf(alarm),
    to: label ? name : "", go: label ? `Go to bed ${label}` : "", note: notes.join(", "),
  };
}

function tallyOf(found) {
  const counts = { high: 0, medium: 0, low: 0, technical: 0, latched: 0 };
  for (const { alarm } of found) counts[shapeOf(alarm)] += 1;
  return counts;
}

function rowOf({ name, label, alarm }) {
  const [who, left] = whoRow(alarm);
  return {
    key: alarm.id, station: name, bed: label, look: lookOf(alarm), shape: shapeOf(alarm),
    what: (alarm.state === "latched" ? "was " : "") + whatOf(alarm), who, left_utc_s: left, time: momentOf(alarm),
    paused: pausedUntil(alarm) !== null, acknowledged: alarm.state === "acknowledged", accepted: Boolean(alarm.accepted),
  };
}

function whoRow(alarm) {
  const owner = textOf(alarm.owner);
  const step = textOf(alarm.next_step);
  const lost = alarm.source_lost ? "source lost, " : "";
  const and = owner ? `, ${owner}` : "";
  if (alarm.state === "latched") {
    return [`lasted ${minutes((alarm.ended_utc_s || alarm.began_utc_s) - alarm.began_utc_s)}${and}`, null];
  }
  const by = textOf(alarm.acknowledged_by);
  if (alarm.state === "acknowledged") return [`${lost}acknowledged${by ? `, ${by}` : ""}`, null];
  if (alarm.accepted) return [owner ? `${lost}accepted by ${owner}` : `${lost}accepted`, null];
  if (step && (alarm.next_step_at_utc_s ?? null) !== null) {
    const itself = [...PRIORITIES, "louder"].includes(step.toLowerCase()) || step.endsWith(" alarm");
    const called = itself ? "in" : "called in";
    return [`${lost}${step} ${called}`, alarm.next_step_at_utc_s];
  }
  if (alarm.code === "no-data") return ["go to the bedside", null];
  return [owner ? `${lost}${owner}` : lost.replace(/, $/, ""), null];
}

function wardRows(ward, audio, screen) {
  const rows = [];
  if (audio.look) {
    const todo = audio.word.endsWith("UNAVAILABLE") ? "touch here to start it" : "touch here to hear its tones";
    rows.push(["audio", audio.word, todo, ""]);
  }
  for (const [name, other] of Object.entries(ward.audio?.screens || {})) {
    if (name === screen || (other.state ?? "running") === "running") continue;
    rows.push([`screen ${name}`, `No sound at ${name}`, textOf(other.why) || "look at that screen", ""]);
  }
  const told = (ward.alarms || []).some((alarm) => alarm.code === "feed-lost");
  for (const feed of told ? [] : ward.feeds || []) {
    const name = FEEDS[feed.name] || feed.name;
    if (!feed.ok) rows.push([`feed ${feed.name}`, `${name} silent`, "go to the bedside", minutes(feed.age_s)]);
  }
  return rows.map(([key, what, who, age]) => ({
    key, station: "", bed: "", look: "technical", shape: "technical", what, who, left_utc_s: null,
    time: { kind: "text", text: age }, paused: false, acknowledged: false, accepted: false,
  }));
}

function adviceOf(bed) {
  const silent = (bed.alarms || []).filter((alarm) => mereAdvice(alarm) && !SAID_ELSEWHERE.includes(alarm.code));
  return [...(bed.advice || []).map(({ text }) => text), ...silent.map(whatOf)];
}

function dueOf(places, beds) {
  const rows = places.filter(([name]) => beds[name]?.due).map(([name, label]) => {
    const { what, why, at_utc_s, over } = beds[name].due;
    return { bed: label, what, why: textOf(why), at_utc_s, over: Boolean(over) };
  });
  return rows.sort((a, b) => compare([!a.over, a.at_utc_s], [!b.over, b.at_utc_s]));
}
