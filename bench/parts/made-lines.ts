/** A number in [0, 1), the same for a seed (mulberry32). */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 " +
    "Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36",
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "curl/8.5.0",
];
const PAGES = [
  "/",
  "/products",
  "/products/ID",
  "/cart",
  "/checkout",
  "/orders/ID/items",
  "/search?q=ID",
  "/img/ID.png",
];
const HOSTILE = ["", "\u0000\u0001", "1.2.3.4 - - [", "x".repeat(5000), '{"time":', "[".repeat(300)];
const USERS = 1_000_000;
const START_MS = Date.UTC(2026, 0, 1);
const LINES_PER_S = 3000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Fills a buffer with whole lines and returns their bytes; the stream goes on in the next call. */
export function createLineMaker(random: () => number): (into: Buffer) => number {
  let count = 0;
  let second = -1;
  let stamp = "";
  const lineOf = (): string => {
    const at = Math.floor(count++ / LINES_PER_S);
    if (at !== second) {
      second = at;
      stamp = stampOf(START_MS + at * 1000);
    }
    if (random() < 0.005) return HOSTILE[Math.floor(random() * HOSTILE.length)] ?? "";
    const user = Math.floor(USERS * random() ** 3);
    const time = random() < 0.01 ? stampOf(START_MS + (at - 3) * 1000) : stamp;
    const page = (PAGES[Math.floor(random() * PAGES.length)] ?? "/").replace(
      "ID",
      String(Math.floor(1e6 * random())),
    );
    const agent = AGENTS[user % AGENTS.length];
    const address = `10.${(user >> 16) & 255}.${(user >> 8) & 255}.${user & 255}`;
    const bytes = Math.floor(50_000 * random());
    const request = `"GET ${page} HTTP/1.1" 200 ${bytes} "https://shop.example/products" "${agent}"`;
    return `${address} - - [${time} +0000] ${request}`;
  };
  return (into) => {
    let at = 0;
    while (at < into.length - 8192) at += into.write(`${lineOf()}\n`, at, "latin1");
    return at;
  };
}

function stampOf(atMs: number): string {
  const iso = new Date(atMs).toISOString();
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)}`;
}
