// The form of a set of observations: what its values come to is asked of the box while they are entered.

import { post } from "/static/ui/post.js";
import { field, setHidden, setText } from "./patch.js";
import "./station.js";

const WAIT_MS = 250;
const PARAMETERS = { nibp_sys_mmhg: "sys_mmhg" };
const form = document.querySelector("[data-observe]");
const result = document.querySelector("[data-result]");
let timer = 0;
let asked = 0;

function draw(told) {
  if (!field(result, "score")) return;
  setText(field(result, "score"), told.text);
  setText(field(result, "risk"), told.risk);
  setText(field(result, "response"), told.response);
  setText(field(result, "missing"), told.missing.length ? `Not complete, missing: ${told.missing.join(", ")}` : "");
  const list = field(result, "problems");
  list.replaceChildren(...Object.values(told.problems).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  setHidden(list, !list.children.length);
  for (const label of form.querySelectorAll("[data-number]")) {
    const name = label.dataset.number;
    const points = told.points[PARAMETERS[name] || name];
    const mark = label.querySelector("[data-points]");
    label.classList.toggle("is-wrong", name in told.problems);
    setHidden(mark, points === undefined);
    setText(mark, points === undefined ? "" : String(points));
    mark.className = `score score--${points ?? "open"} observe__points`;
  }
}

async function ask() {
  asked += 1;
  const mine = asked;
  const answer = await post(form.dataset.observe, Object.fromEntries(new FormData(form)));
  if (answer.ok && mine === asked) draw(await answer.json());
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT_MS);
}

form.addEventListener("input", ({ target }) => {
  const from = target.closest("[data-number]")?.querySelector("[data-from]");
  if (from && from.textContent) setText(from, "entered");
  later();
});
form.addEventListener("change", later);
form.addEventListener("submit", (event) => {
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  form.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => form.removeAttribute("aria-busy"));
if (field(result, "score")) ask();
