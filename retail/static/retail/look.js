// A scan finds the product.

import { beep } from "./beeps.js";
import { wedge } from "./wedge.js";

wedge((code) => {
  beep(true);
  location.assign(`/look?q=${encodeURIComponent(code)}`);
});
