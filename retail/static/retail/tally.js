// How many were counted of each product at each place, by the same rule as the box: lines by their time, then by key;
// "add" adds to a lot, "set" says a lot's sum, and a lot is never less than nothing.

export const keyOf = (gtin, place) => `${gtin} ${place}`;

export function tally(lines) {
  const found = new Map();
  for (const line of [...lines].sort((a, b) => a.at_ms - b.at_ms || (a.key < b.key ? -1 : 1))) {
    if (!line.gtin) continue;
    const lots = found.get(keyOf(line.gtin, line.place)) || new Map();
    lots.set(line.lot, line.mode === "set" ? line.quantity : (lots.get(line.lot) || 0) + line.quantity);
    found.set(keyOf(line.gtin, line.place), lots);
  }
  return found;
}

export function total(lots) {
  if (!lots) return null;
  const sum = [...lots.values()].reduce((all, one) => all + Math.max(0, one), 0);
  return Math.round(sum * 1000) / 1000;
}
