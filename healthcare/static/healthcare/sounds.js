// The tones of an alarm, made here: IEC 60601-1-8 bursts with a rich spectrum, so that no small speaker swallows them.
// Timings are ours, inside the standard's ranges: high 3 + 2 pulses, twice; medium 3; low 1.

const F0_HZ = 523; // with harmonics 2, 3 and 4 at -3, -6 and -9 dB
const HARMONICS = [0, 1, 0.708, 0.501, 0.355];
const RISE = 0.15; // of a pulse, and the same to fall
const SOONEST_S = 0.03;

const evenly = (count, long, gap) => Array.from({ length: count }, (_, at) => ({ at_s: at * (long + gap), long_s: long }));

function highPulses() {
  const [long, gap] = [0.15, 0.1];
  const group = [];
  let at = 0;
  for (const after of [gap, gap, 2 * gap + long, gap, 0.7]) {
    group.push({ at_s: at, long_s: long });
    at += long + after;
  }
  return [...group, ...group.map((pulse) => ({ ...pulse, at_s: pulse.at_s + at }))];
}

// Pulses of one burst, seconds from its beginning; what passes between two bursts; level 0 to 1. None louder than a higher one.
export const TONES = {
  high: { pulses: highPulses(), again_s: 8, level: 0.7 },
  medium: { pulses: evenly(3, 0.2, 0.2), again_s: 20, level: 0.5 },
  low: { pulses: evenly(1, 0.2, 0.2), again_s: 30, level: 0.35 },
};
const LOUDER = 1.4;

export const burstLong = (name) => { const last = TONES[name].pulses.at(-1); return last.at_s + last.long_s; };

export class Speaker {
  constructor() {
    this.context = new AudioContext();
    this.wave = this.context.createPeriodicWave(new Float32Array(HARMONICS.length), new Float32Array(HARMONICS));
    this.out = null;
  }

  get running() { return this.context.state === "running"; }

  // Only a person's touch may start it, unless the kiosk's browser was told otherwise.
  async start() {
    try { await this.context.resume(); } catch { /* said by `running` */ }
    return this.running;
  }

  // One burst, from now. Whatever sounded before ends.
  burst(name, louder = false) {
    this.hush();
    const { context } = this;
    const tone = TONES[name];
    const level = tone.level * (louder ? LOUDER : 1);
    this.out = context.createGain();
    this.out.connect(context.destination);
    for (const { at_s: at, long_s: long } of tone.pulses) this.pulse(context.currentTime + SOONEST_S + at, long, level);
  }

  pulse(at, long, level) {
    const { context } = this;
    const tone = context.createOscillator();
    const shape = context.createGain();
    tone.setPeriodicWave(this.wave);
    tone.frequency.value = F0_HZ;
    shape.gain.setValueAtTime(0, at);
    shape.gain.linearRampToValueAtTime(level, at + RISE * long);
    shape.gain.setValueAtTime(level, at + (1 - RISE) * long);
    shape.gain.linearRampToValueAtTime(0, at + long);
    tone.connect(shape).connect(this.out);
    tone.start(at);
    tone.stop(at + long + 0.01);
  }

  hush() {
    if (!this.out) return;
    const old = this.out;
    this.out = null;
    old.gain.setTargetAtTime(0, this.context.currentTime, 0.01);
    setTimeout(() => old.disconnect(), 100);
  }
}

// What sounds now: the highest priority that sounds anywhere, whether the louder step was reached, and which alarms they are.
export function soundingOf(beds) {
  const on = beds.flatMap((bed) => bed.alarms || []).filter((alarm) => alarm.sound === "on");
  const priority = ["high", "medium", "low"].find((name) => on.some((alarm) => alarm.priority === name)) || "";
  const of = on.filter((alarm) => alarm.priority === priority);
  return { priority, louder: of.some((alarm) => alarm.louder), ids: of.map((alarm) => alarm.id) };
}

// Plays bursts again and again. `wanted` says what sounds; a higher or another alarm does not wait for the next turn.
export class Sounder {
  constructor(speaker, now = () => performance.now() / 1000) {
    Object.assign(this, { speaker, now, priority: "", louder: false, ids: new Set(), next: 0, ends: 0 });
  }

  wanted({ priority, louder, ids }) {
    const fresh = ids.some((id) => !this.ids.has(id));
    const changed = priority !== this.priority;
    this.ids = new Set(ids);
    if (changed && this.now() < this.ends) { this.speaker.hush(); this.ends = 0; }
    if (changed || (louder && !this.louder)) this.next = 0;
    else if (fresh) this.next = Math.min(this.next, this.ends);
    Object.assign(this, { priority, louder });
    this.tick();
  }

  tick() {
    const now = this.now();
    if (!this.priority || !this.speaker.running || now < this.next) return;
    this.speaker.burst(this.priority, this.louder);
    this.ends = now + burstLong(this.priority);
    this.next = this.ends + TONES[this.priority].again_s;
  }
}
