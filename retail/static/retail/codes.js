// What a scanned text means for the page, as far as a hand-held can tell by itself: the product, from the list that it
// keeps. The box reads the text again (lots, dates, weights, the store's own numbers) and has the last word.

import { ACT_MS, patient } from "/static/ui/patience.js";
import { things } from "./kept.js";

const KEPT = "products";
const SEPARATOR = "\u001d";
const AIM = /^\][A-Za-z][0-9A-Za-z]/;
const GS1_AIM = /^\](C1|e0|e1|e2|d2|Q3|J1)/;
let list = { products: {}, codes: {}, at: 0 };

export function digitFits(digits) {
  const sum = [...digits.slice(0, -1)].reverse().reduce((total, digit, at) => total + Number(digit) * (at % 2 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10 === Number(digits.at(-1));
}

// GTIN-8, -12, -13 or -14 as 14 digits; empty for what is none.
export function gtin14(text) {
  return /^(\d{8}|\d{12,14})$/.test(text) && digitFits(text) ? text.padStart(14, "0") : "";
}

// The GTIN in element strings or in a Digital Link; `whole` says that the code tells more than its product.
export function read(text) {
  const aim = text.match(AIM)?.[0] || "";
  const body = text.slice(aim.length);
  const link = body.match(/^https?:\/\/[^?]*\/(?:01|gtin)\/(\d{8,14})(\/|\?|$)/i);
  if (link) return { gtin: gtin14(link[1].padStart(14, "0")), whole: link[2] === "/" || body.includes("?") };
  const bracketed = body.match(/^\(01\)(\d{14})(.*)$/);
  if (bracketed) return { gtin: gtin14(bracketed[1]), whole: bracketed[2] !== "" };
  const elements = GS1_AIM.test(aim) || body.startsWith(SEPARATOR) || body.length > 18;
  const plain = body.replace(/^\u001d/, "");
  if (elements && /^0[12]\d{14}/.test(plain)) return { gtin: gtin14(plain.slice(2, 16)), whole: plain.length > 16 };
  return { gtin: gtin14(body), whole: false };
}

// {code, gtin, name, unit, whole}; gtin empty where nobody knows the code.
export function lookUp(text) {
  const code = text.trim();
  const given = list.codes[code];
  const { gtin, whole } = given ? { gtin: given, whole: false } : read(code);
  const known = list.products[gtin];
  return { code, gtin: known ? gtin : "", name: known?.[0] || "", unit: known?.[1] || "piece", whole };
}

export const nameOf = (gtin) => list.products[gtin]?.[0] || "";
export const unitOf = (gtin) => list.products[gtin]?.[1] || "piece";
export const knownProducts = () => Object.entries(list.products);

// The kept list at once, the box's as soon as it comes.
export async function loadProducts() {
  list = (await things.get(KEPT).catch(() => null)) || list;
  const fresh = fetch("/hand/products", { headers: { Accept: "application/json" }, ...patient(ACT_MS) })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then(async (found) => {
      if (!found?.products) return;
      list = found;
      await things.put(KEPT, found);
    })
    .catch(() => {}); // without network the kept one is used
  if (!Object.keys(list.products).length) await fresh;
  return fresh;
}
