// One WebSocket per screen. Comes back by itself, and asks for the events it missed meanwhile.
// On document: "ew:beat" (each second: line_age_s, stale, at), "ew:live" ({station, data}), "ew:event" (what the
// app tells of an event), "ew:wave" ({head, bytes}), "ew:stream" ({state, reason}).

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2000;
const TOUCH_EVERY_MS = 5000;

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

export function stream({ address, boot, sequence }) {
  let after = sequence;
  let wait = FIRST_WAIT_MS;
  let socket = null;
  let touched = 0;

  const heard = {
    hello: (frame) => { if (boot && frame.boot !== boot) location.reload(); },
    beat: (frame) => tell("ew:beat", frame),
    live: (frame) => tell("ew:live", { station: frame.station, data: frame.data }),
    snapshot: (frame) => {
      for (const [station, data] of Object.entries(frame.stations)) tell("ew:live", { station, data });
    },
    event: (frame) => { after = frame.sequence; tell("ew:event", frame.event); },
    reload: () => location.reload(),
    "signed-out": () => location.reload(),
    refused: (frame) => tell("ew:stream", { state: "refused", reason: frame.reason }),
  };

  function open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}${address}?after=${after}`);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => { wait = FIRST_WAIT_MS; tell("ew:stream", { state: "open", reason: "" }); });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") {
        const frame = JSON.parse(data);
        heard[frame.t]?.(frame);
      } else {
        wave(data);
      }
    });
    socket.addEventListener("close", () => {
      tell("ew:stream", { state: "closed", reason: "" });
      setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    });
  }

  function wave(data) {
    const headBytes = new DataView(data).getUint32(0);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, headBytes)));
    tell("ew:wave", { head, bytes: data.slice(4 + headBytes) });
  }

  // A person at the screen keeps the session; the stream alone does not.
  function touch() {
    const now = performance.now();
    if (now - touched < TOUCH_EVERY_MS || socket?.readyState !== WebSocket.OPEN) return;
    touched = now;
    socket.send('{"t":"touch"}');
  }

  for (const act of ["pointerdown", "keydown", "ew:stay"]) document.addEventListener(act, touch, { passive: true });
  open();
}
