// The wall: what the beds tell comes by the stream and is patched into the page as it was served. Beds never move.

import { drawKeys, orders } from "./orders.js";
import { drawRail } from "./rail.js";
import { sector } from "./sector.js";
import { audio, root, startAudio, state } from "./station.js";
import { repaint, waves } from "./waves.js";

waves(state.wave_delay_s);
const drawn = new Map();
for (const [name, label] of state.places) {
  const element = root.querySelector(`[data-sector="${CSS.escape(name)}"]`);
  drawn.set(name, sector(element, label, { privacy: state.privacy, waveNames: state.wave_names }));
  drawn.get(name)(state.beds[name]);
}

root.addEventListener("station:bed", ({ detail }) => drawn.get(detail.station)(detail.bed));
root.addEventListener("station:drawn", ({ detail: { shown, sound, away } }) => {
  drawRail(shown);
  const rows = [...shown.active, ...shown.ended, ...shown.technical.filter((row) => row.station)];
  drawKeys(rows, sound, away);
});
root.addEventListener("station:colours", repaint);
orders({ silence: () => audio.silence(state.pause_s), startAudio });
