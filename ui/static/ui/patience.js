// How long a page waits for the box. A request that hangs, as on a phone between two access points, would end a page's
// looks for good and hold a key for ever: it is given up, and the next turn asks again.

export const LOOK_MS = 10_000; // a page looks again by itself
export const ACT_MS = 30_000; // a person waits for what was ordered
export const patient = (ms = LOOK_MS) => ({ signal: AbortSignal.timeout(ms) });
