// While a job reads or checks, the tag page looks again; what a person is writing is left alone.

import { engaged, look, root } from "./leaf.js";

const LOOK_AGAIN_MS = 700;

setInterval(() => {
  if (root.querySelector('[data-swap="all"]').dataset.state === "working" && !engaged()) look(() => (engaged() ? [] : null));
}, LOOK_AGAIN_MS);
