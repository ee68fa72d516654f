// While a job reads or checks, the tag page looks again; what a person is writing is left alone.

import { again, engaged, root } from "./leaf.js";

const LOOK_AGAIN_MS = 700;

setInterval(() => {
  if (root().querySelector('[data-swap="all"]').dataset.state === "working" && !engaged()) again(["all"]);
}, LOOK_AGAIN_MS);
