// The trust page draws itself anew when the line stands otherwise with its PLC; what a person is about to send is left alone.

import { engaged, look, root } from "./leaf.js";

const again = () => look(() => (engaged() ? ["state"] : null));
let known = "";

function stands(data) {
  if (!data.standing) return;
  const { faults, foot, banner } = data.standing;
  const now = JSON.stringify([faults, foot, banner.word, data.plc_age_s === null]);
  if (now !== known && known) again();
  known = now;
}

document.addEventListener("ew:live", ({ detail }) => {
  if (detail.station === root.dataset.line) stands(detail.data);
});
let stale = null;
document.addEventListener("ew:beat", ({ detail }) => {
  if (stale !== null && stale !== detail.stale) again();
  stale = detail.stale;
});
