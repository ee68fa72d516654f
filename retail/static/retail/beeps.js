// Heard without looking: one short high beep for what was taken, two low ones for a code that nobody knows.

let context = null;

function ready() {
  context ??= typeof AudioContext === "undefined" ? null : new AudioContext();
  if (context?.state === "suspended") context.resume().catch(() => {});
  return context;
}

function tone(hz, atS, lastsS) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = "square";
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(0.0001, atS);
  gain.gain.exponentialRampToValueAtTime(0.12, atS + 0.005);
  gain.gain.exponentialRampToValueAtTime(0.0001, atS + lastsS);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(atS);
  oscillator.stop(atS + lastsS);
}

export function beep(good) {
  document.dispatchEvent(new CustomEvent("store:beep", { detail: { good } }));
  if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(good ? 30 : [80, 60, 80]);
  if (!ready() || context.state !== "running") return;
  const now = context.currentTime;
  if (good) {
    tone(1760, now, 0.07);
  } else {
    tone(330, now, 0.12);
    tone(330, now + 0.17, 0.12);
  }
}

for (const act of ["pointerdown", "keydown"]) document.addEventListener(act, ready, { passive: true });
