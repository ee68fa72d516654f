// A page that is worked without leaving it: what its links and forms answer with is drawn in place, and so is what the page
// fetches by itself when the box tells of something new. A person goes first: a tap ends the page's own look, and what came to
// tell meanwhile is looked at after it; while a finger is down nothing of the page's own is drawn, or the key would be gone
// before the tap is over. A second tap while the first is on its way is dropped. Keys that are held send their
// form when the hold is over. Without script all of them are plain links and forms.

import { ACT_MS, LOOK_MS, patient } from "./patience.js";
import { swapWith } from "./swap.js";

const AFTER_UP_MS = 300; // by then a touch has become its click

const html = { headers: { Accept: "text/html" }, credentials: "same-origin" };
const csrf = () => document.querySelector('meta[name="csrf"]').content;

// The fields of a form as they are sent; files go only where the form says that it has them.
export function fieldsOf(form, key) {
  const values = new FormData(form);
  if (key?.name) values.set(key.name, key.value);
  values.set("csrf", csrf());
  return form.enctype === "multipart/form-data" ? values : new URLSearchParams(values);
}
export const send = (form, body) => fetch(form.action, { ...html, method: "POST", body });

// `root` holds the pieces and, as data-here, the address that they are under. `nothing` is what a person is told who gets no
// answer; `say` puts that line into the page; `drawn` runs after the whole page was drawn.
export function within(root, { nothing = "Nothing was done.", say = (line) => root.prepend(line), drawn = () => {}, body = fieldsOf } = {}) {
  const { here } = root.dataset;
  let address = location.pathname + location.search;
  let acting = false;
  let looking = null;
  let owed = null;
  let pressed = null; // done when the finger is up again
  let released = () => {};

  // `names` of pieces, or a function that names them when the answer is there; null is the whole page.
  async function draw(answer, names, own = null) {
    if (answer.status === 401) { document.dispatchEvent(new CustomEvent("ew:sign-in")); return; }
    const text = await answer.text();
    if (own) {
      await pressed;
      if (own.aborted) return; // the finger was a person's act
    }
    const pieces = typeof names === "function" ? names() : names;
    if (!swapWith(text, pieces)) {
      if (acting || answer.ok) location.assign(answer.url); // the page's own look that fails leaves a person where he is
      return;
    }
    if (pieces) return;
    drawn();
    if (!answer.ok) return; // the page says why, where it was
    const url = new URL(answer.url);
    address = url.pathname + url.search;
    history.replaceState(null, "", address);
  }

  async function act(how) {
    if (acting) return;
    acting = true;
    looking?.abort();
    root.setAttribute("aria-busy", "true");
    try {
      await draw(await how(), null);
      root.querySelector("[autofocus]")?.focus();
    } catch {
      tell(`The box does not answer. ${nothing}`);
    } finally {
      acting = false;
      root.removeAttribute("aria-busy");
      settle();
    }
  }

  async function look(names = null, at = undefined) {
    if (acting || looking) { owed = () => look(names, at); return; }
    looking = new AbortController();
    const late = setTimeout(() => looking?.abort(), LOOK_MS);
    try {
      const { signal } = looking;
      await draw(await fetch(at ?? address, { ...html, signal }), names, signal);
    } catch {
      // a person acted, or the box does not answer, which the shell shows
    } finally {
      clearTimeout(late);
      looking = null;
      settle();
    }
  }

  function settle() {
    const next = acting ? null : owed;
    if (next) { owed = null; next(); }
  }

  function tell(text) {
    const said = root.querySelector(".review__fault") || document.createElement("p");
    said.className = "review__fault";
    said.setAttribute("role", "alert");
    said.textContent = text;
    if (!said.isConnected) say(said);
  }

  const open = (to) => act(() => fetch(to, { ...html, ...patient(ACT_MS) }));
  function under(link) {
    const { origin, pathname } = new URL(link.href);
    return origin === location.origin && (pathname === here || pathname.startsWith(`${here}/`));
  }

  root.addEventListener("pointerdown", () => {
    pressed ??= new Promise((done) => { released = () => { pressed = null; done(); }; });
  });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(() => released(), AFTER_UP_MS));
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    event.preventDefault();
    if (form.method === "get") open(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
    else act(() => send(form, body(form, event.submitter)));
  });
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-hold-ms]")) { event.preventDefault(); return; } // a tap alone sends nothing
    const link = event.target.closest("a[href]");
    if (event.defaultPrevented || !link || link.hasAttribute("download") || link.dataset.plain !== undefined || !under(link)) return;
    event.preventDefault();
    open(link.href);
  });
  root.addEventListener("held", ({ target }) => { if (target.form) target.form.requestSubmit(target); });

  return { act, look, open, tell, at: () => address };
}
