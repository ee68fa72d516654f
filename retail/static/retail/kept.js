// What a hand-held keeps through a reload, a flat battery and a day without network: IndexedDB of this browser.
// Two shelves: `changes` (what the box has not acknowledged yet, by its own key) and `things` (what pages look up).

const NAME = "edgewise-store";
const VERSION = 1;
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("changes", { keyPath: "key" });
      asked.result.createObjectStore("things");
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => { opened = null; reject(asked.error); };
  });
  return opened;
}

async function work(shelf, mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(shelf, mode, { durability: "strict" });
    const asked = act(transaction.objectStore(shelf));
    transaction.oncomplete = () => resolve(asked?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

export const changes = {
  put: (change) => work("changes", "readwrite", (shelf) => shelf.put(change)),
  all: () => work("changes", "readonly", (shelf) => shelf.getAll()),
  remove: (keys) => work("changes", "readwrite", (shelf) => { for (const key of keys) shelf.delete(key); }),
};

export const things = {
  put: (name, value) => work("things", "readwrite", (shelf) => shelf.put(value, name)),
  get: (name) => work("things", "readonly", (shelf) => shelf.get(name)),
};

// A name that nobody else makes, where crypto.randomUUID asks for more than plain HTTP in a store's network.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
