// Sends values to the box with the page's CSRF token. Always a Response: 503 when the box does not answer.
// When the box asks for a sign-in, "ew:sign-in" opens the pad. `beat`: the page itself sends it, no person did
// anything, so that it keeps nobody signed in.

import { ACT_MS, patient } from "./patience.js";

const token = () => document.querySelector('meta[name="csrf"]')?.content || "";

export async function post(address, values = {}, { beat = false } = {}) {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST",
      credentials: "same-origin",
      ...patient(ACT_MS),
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRF-Token": token(),
        ...(beat ? { "X-Beat": "1" } : {}),
      },
      body: JSON.stringify(values),
    });
  } catch {
    const error = "The box does not answer. Try again when the screen is live.";
    return new Response(JSON.stringify({ error }), { status: 503, headers: { "Content-Type": "application/json" } });
  }
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("ew:sign-in"));
  return answer;
}
