// Every part of the shell, bound to the elements that name it; then the stream, where the page has one.

import { age } from "./age.js";
import { alive } from "./alive.js";
import { clock } from "./clock.js";
import { countdown } from "./countdown.js";
import { hold } from "./hold.js";
import { keyboard } from "./keyboard.js";
import { bindAll } from "./parts.js";
import { pinpad } from "./pinpad.js";
import { scanner } from "./scanner.js";
import { signIn } from "./sign-in.js";
import { stream } from "./stream.js";
import { sweep } from "./sweep.js";

const parts = { age, alive, clock, countdown, hold, keyboard, pinpad, scanner, sweep, "sign-in": signIn };
bindAll(document, parts);

const { stream: address, boot, sequence } = document.body.dataset;
if (address) stream({ address, boot, sequence: Number(sequence) || 0 });
