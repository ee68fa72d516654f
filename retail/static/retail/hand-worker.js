// Keeps the hand-held's pages, so that they open without network. The box's answer goes first, always; what was kept is
// shown only where none comes. Nothing of the back office is kept: old stock is never shown as if it were of now.

const SHELF = "edgewise-hand-1";
const SHELL = ["/tasks", "/count", "/receive", "/look", "/hand/products"];
const WAIT_MS = 4000;

const isHand = ({ pathname }) => SHELL.some((page) => pathname === page || pathname.startsWith(`${page}/`));
const isAsset = ({ pathname }) => pathname.startsWith("/static/") || pathname.startsWith("/evidence/");
const fits = (answer) => answer.ok && !answer.redirected && answer.type === "basic";

addEventListener("install", (event) => {
  event.waitUntil(skipWaiting());
});
addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name)))).then(() => clients.claim()),
  );
});

// What a page is made of is kept with it; the other pages too, once one of them was opened.
addEventListener("message", (event) => {
  if (event.data?.keep) event.waitUntil(keep(event.data.keep).then(() => event.ports[0]?.postMessage("kept")));
});

async function keep(addresses) {
  const shelf = await caches.open(SHELF);
  await Promise.all(addresses.map(async (address) => {
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (fits(answer)) await shelf.put(plain(address), answer);
    } catch {
      // the next page that is opened asks again
    }
  }));
}

const plain = (address) => new URL(address, location.origin).pathname;
// Filters of the list are the same page; what somebody looked up is not.
const whole = (url) => !url.search || url.pathname === "/tasks";

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (isHand(url) || isAsset(url)) event.respondWith(answered(event, url));
});

async function answered(event, url) {
  const asked = fetch(event.request).then(async (answer) => {
    if (fits(answer) && whole(url)) {
      const copy = answer.clone();
      event.waitUntil(caches.open(SHELF).then((shelf) => shelf.put(plain(url), copy)));
    }
    return answer;
  });
  try {
    return await (event.request.mode === "navigate" ? inTime(asked) : asked);
  } catch (error) {
    const kept = whole(url) && await (await caches.open(SHELF)).match(plain(url));
    if (kept) return kept;
    if (event.request.mode === "navigate") return asked.catch(() => without());
    throw error;
  }
}

function inTime(asked) {
  return Promise.race([asked, new Promise((_, reject) => { setTimeout(() => reject(new Error("no answer")), WAIT_MS); })]);
}

function without() {
  const text = "<!doctype html><meta charset=utf-8><title>Offline</title><p>The box does not answer, and this page was not opened before. <a href=/tasks>To the list</a></p>";
  return new Response(text, { status: 503, headers: { "Content-Type": "text/html" } });
}
