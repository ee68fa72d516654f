// One bed at its place on the wall: its texts, looks and moments are patched as the bed tells more.

import { post } from "/static/ui/post.js";
import { setMoment } from "./moments.js";
import { field, setAttribute, setHidden, setLooks, setShape, setText } from "./patch.js";
import { sectorShown } from "./told.js";
import { showWaves } from "./waves.js";

const NAME_SHOWN_MS = 10000;
const words = (text) => text.split(" ").filter(Boolean);

export function sector(element, label, { privacy, waveNames }) {
  const station = element.dataset.sector;
  const at = {};
  for (const one of element.querySelectorAll("[data-field]")) at[one.dataset.field] = one;
  const strips = [...element.querySelectorAll("[data-strip]")];
  let initials = at.who.textContent;
  let naming = 0;

  function head(bed) {
    setLooks(element, "sector--", words(bed.look));
    setHidden(at.told, !bed.line);
    setShape(field(at.told, "shape"), bed.shape);
    setText(at.line, bed.line);
    setText(at.more, bed.more);
    setHidden(at.more, !bed.more);
    setHidden(at.seen, !words(bed.look).includes("acknowledged"));
    setHidden(at.bell, bed.paused_until_utc_s === null);
    setMoment(at["bell-left"], { kind: "left", utc_s: bed.paused_until_utc_s });
    setMoment(at.age, bed.time);
    setAttribute(at.to, "aria-label", bed.says);
  }

  function who(bed) {
    setHidden(at.sub, !(bed.who || bed.nurse || bed.news));
    if (bed.who !== initials) hideName();
    initials = bed.who;
    if (!naming) setText(at.who, initials);
    setText(at.nurse, bed.nurse);
    setHidden(at.news, !bed.news);
    if (!bed.news) return;
    setHidden(at.scale2, !bed.scale2);
    setLooks(at.news, "news--", [bed.news.level]);
    setText(at.score, bed.news.score);
    setText(at.delta, bed.news.delta);
    setHidden(at.delta, !bed.news.delta);
    setMoment(at["news-age"], { kind: "coarse", utc_s: bed.news.at_utc_s });
  }

  function number(name, value) {
    setText(at[name], value.text);
    setLooks(at[name], "is-", words(value.look));
    if (value.name) setText(at[`${name}-name`], value.name);
  }

  function draw(told) {
    const bed = sectorShown(told, label, privacy);
    head(bed);
    who(bed);
    for (const name of ["hr", "spo2", "rr", "bp", "t"]) number(name, bed[name]);
    setMoment(at["bp-at"], { kind: "clock", utc_s: bed.bp.at_utc_s });
    for (const name of ["waves", "body"]) setHidden(at[name], bed.out);
    setHidden(at["out-block"], !bed.out);
    setText(at.out, bed.out);
    setText(at["out-why"], bed.out_why);
    const still = Boolean(bed.out) || words(bed.look).includes("stale");
    showWaves(strips, station, bed.waves, waveNames, { still, flat: bed.flat });
  }

  function hideName() {
    clearTimeout(naming);
    naming = 0;
    at.sub.classList.remove("is-named");
    setText(at.who, initials);
  }

  // The full name, for a person who touched the initials, and only for a moment.
  async function showName() {
    if (naming) { hideName(); return; }
    const asked = initials;
    const answer = await post(`/bed/${station}/name`);
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok || !said.name || asked !== initials) return;
    setText(at.who, said.name);
    at.sub.classList.add("is-named");
    naming = setTimeout(hideName, NAME_SHOWN_MS);
  }

  if (privacy) at.who.addEventListener("click", showName);
  return draw;
}
