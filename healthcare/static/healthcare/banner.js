// The banner over the wall: the highest alarm, what is active now, the audio, how old the link's last word is.

import { boxNow, setMoment } from "./moments.js";
import { field, setAttribute, setHidden, setLooks, setShape, setText } from "./patch.js";

const banner = document.querySelector("[data-banner]");
const audioKey = document.querySelector("[data-audio]");
const link = document.querySelector("[data-link]");

export function drawBanner(shown) {
  setLooks(banner, "alarm-banner__alarm--", [shown.look]);
  setShape(field(banner, "shape"), shown.shape);
  for (const name of ["text", "what", "note"]) setText(field(banner, name), shown[name]);
  setMoment(field(banner, "age"), shown.time);
  const go = field(banner, "go");
  setHidden(go, !shown.to);
  setAttribute(go, "href", shown.to ? `/bed/${shown.to}` : "/");
  setText(field(go, "go-text"), shown.go);
}

export function drawTally(counts) {
  for (const item of document.querySelectorAll("[data-tally]")) {
    const count = counts[item.dataset.tally];
    setText(field(item, "count"), String(count));
    item.classList.toggle("is-zero", !count);
    if (item.dataset.tally === "low") setHidden(item, !count);
  }
}

export function drawAudio(shown) {
  setLooks(audioKey, "audio--", [shown.look]);
  setHidden(field(audioKey, "bell"), shown.word !== "Audio on");
  setHidden(field(audioKey, "bell-off"), shown.word === "Audio on");
  setText(field(audioKey, "word"), shown.word);
  setMoment(field(audioKey, "until"), { kind: "left", utc_s: shown.until_utc_s });
}

// How old the oldest word of a feed is, counted on since it was told; of the line itself where there is no feed.
export function linkAge(ward, toldAt, lineAgeS) {
  const ages = (ward.feeds || []).map((feed) => feed.age_s).filter((age) => typeof age === "number");
  const seconds = ages.length ? Math.max(...ages) + (boxNow() - toldAt) : lineAgeS;
  setText(link, seconds === null || seconds === undefined ? "– –" : `${Math.max(0, Math.round(seconds))} s`);
}
