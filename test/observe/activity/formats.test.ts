import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ACTIVITY_FORMATS, type ActivityFormat } from "../../../src/model/activity.ts";
import { createLineParser } from "../../../src/observe/activity/line-parser.ts";
import { createRawRequest, FIELD, fieldText } from "../../../src/observe/activity/raw-request.ts";

const EXAMPLES: Readonly<Record<Exclude<ActivityFormat, "auto">, readonly string[]>> = {
  common: ['192.0.2.1 - ann [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.0" 200 2326'],
  combined: [
    '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "http://x/y" "Agent \\"q\\" [x]"',
  ],
  nginx: [
    '192.0.2.1 - - [10/Oct/2000:20:55:36 +0000] "GET /a HTTP/1.0" 200 2326 "-" "curl" "198.51.100.1" 0.123 0.100 .',
  ],
  haproxy: [
    "Oct 10 20:55:36 lb haproxy[14389]: 192.0.2.1:33317 [10/Oct/2000:20:55:36.655] http-in static/srv1 " +
      '10/0/30/69/109 200 2326 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /a HTTP/1.1"',
  ],
  envoy: [
    '[2000-10-10T20:55:36.310Z] "GET /a HTTP/2" 200 - 154 2326 226 100 "192.0.2.1" "curl/8" "cc21" "h" "u"',
    '[2000-10-10T20:55:36.310Z] "GET /a HTTP/2" 200 - via_up - "-" 0 2326 226 11 "192.0.2.1" "curl/8" "i" "h" "u"',
  ],
  alb: [
    "https 2000-10-10T20:55:36.186641Z app/lb/50dc 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 2326 " +
      '"GET https://www.example.com:443/a HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2 arn:aws:x "Root=1-58337281"',
  ],
  cloudfront: [
    "#Version: 1.0",
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status " +
      "cs(User-Agent) time-taken",
    "2000-10-10\t20:55:36\tLHR1\t2326\t192.0.2.1\tGET\td.cloudfront.net\t/a\t200\tcurl%2F8\t0.171",
  ],
  json: [
    '{"time":"2000-10-10T20:55:36Z","remote_addr":"192.0.2.1","method":"GET","path":"/a","status":200,"bytes":2326}',
  ],
};
const RESPONSE_MS: Readonly<Record<string, number>> = {
  nginx: 123,
  haproxy: 109,
  envoy: 226,
  alb: 171,
  cloudfront: 171,
};

describe.each(Object.entries(EXAMPLES))("%s", (format, lines) => {
  test.each([format as ActivityFormat, "auto" as const])("is read as %s", (given) => {
    const parse = createLineParser(given);
    const raw = createRawRequest();
    for (const line of lines) {
      const bytes = Buffer.from(line);
      const end = parse(raw, bytes, 0, bytes.length);
      if (line.startsWith("#")) {
        expect(end).toBe("header");
        continue;
      }
      expect(end).toBeUndefined();
      expect(Math.floor(raw.atMs / 1000)).toBe(Date.UTC(2000, 9, 10, 20, 55, 36) / 1000);
      expect(fieldText(raw, FIELD.address)).toBe("192.0.2.1");
      expect(fieldText(raw, FIELD.method)).toBe("GET");
      expect(fieldText(raw, FIELD.target)).toMatch(/^(?:https:\/\/www.example.com:443)?\/a(?:\?b=1)?$/);
      expect([raw.status, raw.bytes]).toEqual([200, 2326]);
      // A bare number is seconds only where the format is said to be nginx.
      const known = given === "auto" && format === "nginx" ? undefined : RESPONSE_MS[format];
      expect(raw.responseMs).toBe(known ?? Number.NaN);
    }
  });

  test("cut off anywhere or with bytes changed, it is a request or none, never a crash", () => {
    const whole = Buffer.from(lines.at(-1) ?? "");
    const parse = createLineParser(format as ActivityFormat);
    const raw = createRawRequest();
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (length, at, byte) => {
        const line = Buffer.from(whole);
        line[at] = byte;
        const end = parse(raw, line, 0, length);
        if (end !== undefined) return;
        expect(raw.atMs).not.toBeNaN();
        for (const field of Object.values(FIELD))
          expect(raw.to[field] ?? 0).toBeGreaterThanOrEqual(raw.from[field] ?? 0);
      }),
      { numRuns: 300 },
    );
  });
});

test("named values after the agent: times, database time, class, id, cookie", () => {
  const raw = createRawRequest();
  const line = Buffer.from(
    `${EXAMPLES.combined[0]} rt=0.250, db_ms=12 sla=gold id=4f1a cookie="a=b; sid=xyz" consent=yes region=DE xrt=9`,
  );
  expect(createLineParser("combined")(raw, line, 0, line.length)).toBeUndefined();
  expect([raw.responseMs, raw.databaseMs]).toEqual([250, 12]);
  expect(fieldText(raw, FIELD.sla)).toBe("gold");
  expect(fieldText(raw, FIELD.cookie)).toBe("a=b; sid=xyz");
  expect(fieldText(raw, FIELD.region)).toBe("DE");
});

test("a field map, dots between levels; what it names wrongly is unknown", () => {
  const raw = createRawRequest();
  const fields = { time: "when", account: "who.mail", response: "took_ms", database: "sql" };
  const line = Buffer.from(
    '{"when":971211336,"who":{"mail":"a@b.example"},"path":"/x","took_ms":7,"sql":0.5,"status":"204"}',
  );
  expect(createLineParser("json", fields)(raw, line, 0, line.length)).toBeUndefined();
  expect([raw.atMs, raw.responseMs, raw.databaseMs, raw.status]).toEqual([971211336000, 7, 500, 204]);
  expect(fieldText(raw, FIELD.account)).toBe("a@b.example");
});

test("the guess is given up when another format takes over, not for a bad line", () => {
  const parse = createLineParser("auto");
  const raw = createRawRequest();
  const read = (text: string) => parse(raw, Buffer.from(text), 0, Buffer.byteLength(text));
  expect(read(EXAMPLES.common[0] ?? "")).toBeUndefined();
  expect(read(EXAMPLES.json[0] ?? "")).toBe("unparsable");
  for (let i = 0; i < 120; i++) read(EXAMPLES.json[0] ?? "");
  expect(read(EXAMPLES.json[0] ?? "")).toBeUndefined();
});

describe("hostile lines", () => {
  const HOSTILE = [" [", '"', '\\"', "[", "{", "/", "a=", " ", "\t", ";", "%"].map((part) =>
    part.repeat(Math.floor(64_000 / part.length)),
  );
  test.each(ACTIVITY_FORMATS)("%s: 64 KiB of one sign cost no more than their length", (format) => {
    const parse = createLineParser(format);
    const raw = createRawRequest();
    const start = process.cpuUsage();
    for (const text of HOSTILE) {
      for (const line of [
        text,
        `${EXAMPLES.combined[0]?.slice(0, 60)}${text}`,
        `${EXAMPLES.combined[0]} ${text}`,
      ]) {
        const bytes = Buffer.from(line);
        parse(raw, bytes, 0, bytes.length);
      }
    }
    const { user } = process.cpuUsage(start);
    // 33 lines of 64 KiB; anything quadratic takes minutes.
    expect(user).toBeLessThan(3_000_000);
  });
});
