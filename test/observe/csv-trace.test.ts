import { mkdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/model/user-error.ts";
import { type CsvTraceRequest, readCsvTrace } from "../../src/observe/csv-trace.ts";
import { scratchFolder } from "./scratch.ts";

const MINUTE = 60_000;
const STEP = 5 * MINUTE;
const START = Date.UTC(2026, 2, 2);
const scratch = scratchFolder();

/** `count` rows from START on; `value` undefined leaves the row out. */
function csv(count: number, stepMs: number, value: (i: number) => string | undefined): string {
  const rows = Array.from({ length: count }, (_, i) => [
    new Date(START + i * stepMs).toISOString(),
    value(i),
  ]);
  return [
    "timestamp,value",
    ...rows.flatMap(([at, text]) => (text === undefined ? [] : `${at},${text}`)),
    "",
  ].join("\n");
}

async function read(content: string | Uint8Array, request: Partial<CsvTraceRequest> = {}) {
  const path = await scratch.write("t.csv", content);
  return readCsvTrace({ path, stepMs: STEP, timeZone: "UTC", ...request });
}

async function failure(
  content: string | Uint8Array,
  request: Partial<CsvTraceRequest> = {},
): Promise<string> {
  const error = await read(content, request).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).exitCode).toBe(2);
  const { message } = error as UserError;
  expect(message).not.toContain("\n");
  return message.replace(scratch.path("t.csv"), "t.csv");
}

const OK = "timestamp,value\n2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,2\n";

/** Bad files, and the one line each must yield. */
const BAD: readonly (readonly [string, string | Uint8Array, string])[] = [
  ["empty", "", "t.csv: is empty (write a header timestamp,value and a row for each step)"],
  ["blank lines", "\n\n  \n", "t.csv: is empty (write a header timestamp,value and a row for each step)"],
  ["header only", "timestamp,value\n", "t.csv: has a header but no rows (add a row for each step)"],
  [
    "one point",
    "timestamp,value\n2026-03-02T00:00:00Z,1\n",
    "t.csv: has only one row (a series needs at least two rows with values)",
  ],
  [
    "no value at all",
    "timestamp,value\n2026-03-02T00:00:00Z,\n2026-03-02T00:05:00Z,\n",
    "t.csv: has no value in any row (a series needs at least two rows with values)",
  ],
  [
    "text in the number column",
    `${OK}2026-03-02T00:10:00Z,many\n`,
    't.csv:4: "many" in column "value" is not a number of 0 or more (write digits, or leave the cell empty for a gap)',
  ],
  [
    "NaN",
    `${OK}2026-03-02T00:10:00Z,NaN\n`,
    't.csv:4: "NaN" in column "value" is not a number of 0 or more (write digits, or leave the cell empty for a gap)',
  ],
  [
    "infinity",
    `${OK}2026-03-02T00:10:00Z,inf\n`,
    't.csv:4: "inf" in column "value" is not a number of 0 or more (write digits, or leave the cell empty for a gap)',
  ],
  [
    "over the largest number",
    `${OK}2026-03-02T00:10:00Z,1e999\n`,
    't.csv:4: "1e999" in column "value" is not a number of 0 or more (write digits, or leave the cell empty for a gap)',
  ],
  [
    "hexadecimal",
    `${OK}2026-03-02T00:10:00Z,0x10\n`,
    't.csv:4: "0x10" in column "value" is not a number of 0 or more (write digits, or leave the cell empty for a gap)',
  ],
  [
    "negative",
    `${OK}2026-03-02T00:10:00Z,-3\n`,
    't.csv:4: "-3" in column "value" is not a number of 0 or more (write digits, or leave the cell empty for a gap)',
  ],
  [
    "decimal comma",
    "timestamp;value\n2026-03-02T00:00:00Z;1,5\n",
    't.csv:2: "1,5" in column "value" is not a number of 0 or more (write a decimal point)',
  ],
  [
    "unsorted",
    `${OK}2026-03-02T00:00:30Z,1\n`,
    't.csv:4: "2026-03-02T00:00:30Z" is before the row above (sort the rows by time)',
  ],
  [
    "duplicate",
    `${OK}2026-03-02T00:05:00Z,1\n`,
    't.csv:4: "2026-03-02T00:05:00Z" is there twice (keep one row for each time)',
  ],
  [
    "no time",
    `${OK}yesterday,1\n`,
    't.csv:4: "yesterday" is not a time (write 2026-01-31T23:59:00Z, or epoch seconds or milliseconds)',
  ],
  [
    "no such day",
    `${OK}2026-02-30T00:00:00Z,1\n`,
    't.csv:4: "2026-02-30T00:00:00Z" is not a time (write 2026-01-31T23:59:00Z, or epoch seconds or milliseconds)',
  ],
  [
    "a date without dashes",
    "timestamp,value\n20260302,1\n",
    't.csv:2: "20260302" is not a time (write 2026-01-31T23:59:00Z, or epoch seconds or milliseconds)',
  ],
  [
    "too few fields",
    `${OK}2026-03-02T00:10:00Z\n`,
    "t.csv:4: 1 fields where the first line has 2 (mend the row)",
  ],
  [
    "too many fields",
    `${OK}2026-03-02T00:10:00Z,1,2\n`,
    "t.csv:4: 3 fields where the first line has 2 (mend the row)",
  ],
  [
    "one column",
    "value\n1\n2\n",
    't.csv:1: one column in "value" (write timestamp,value with a comma, semicolon or tab between)',
  ],
  [
    "which column",
    "at,cpu,mem\n2026-03-02,1,2\n",
    't.csv:1: which column is the time? (set demand.timeColumn to one of "at", "cpu", "mem")',
  ],
  [
    "a time that spans ages",
    `${OK}2999-01-01T00:00:00Z,1\n`,
    "t.csv: is too far from the first row for a grid of 5m (check the time, or choose a longer step)",
  ],
  [
    "a line of 1 MB",
    `${OK}${"9".repeat(1_000_000)},1\n`,
    "t.csv:4: a line of over 64 KiB (is this a CSV trace with a line per row?)",
  ],
  [
    "a line of 1 MB without an end",
    `${OK}${"9".repeat(1_000_000)}`,
    "t.csv:4: a line of over 64 KiB (is this a CSV trace with a line per row?)",
  ],
  [
    "NUL bytes",
    `${OK}2026-03-02T00:10:00Z,\0\n`,
    "t.csv:4: is binary, not text (give a text file, plain or gzip)",
  ],
  [
    "NUL bytes at the end",
    `${OK}2026-03-02T00:10:00Z,1\0`,
    "t.csv:4: is binary, not text (give a text file, plain or gzip)",
  ],
  [
    "binary",
    Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256),
    "t.csv:1: is binary, not text (give a text file, plain or gzip)",
  ],
  [
    "control characters",
    `${OK}\u001b[31mred,1\n`,
    't.csv:4: "?[31mred" is not a time (write 2026-01-31T23:59:00Z, or epoch seconds or milliseconds)',
  ],
];

describe("what cannot be read is one line with file, line, what and how to mend it", () => {
  test.each(BAD)("%s", async (_, content, line) => {
    expect(await failure(content)).toBe(line);
  });

  test("truncated gzip", async () => {
    const bytes = gzipSync(csv(5000, MINUTE, (i) => String((i * i) % 977)));
    expect(await failure(bytes.subarray(0, bytes.length - 900))).toMatch(
      /^t\.csv:\d+: the gzip file ends too early \(copy or compress it again\)$/,
    );
  });

  test("damaged gzip", async () => {
    const bytes = Buffer.from(gzipSync(csv(5000, MINUTE, (i) => String((i * i) % 977))));
    bytes.fill(0xff, 400, 600);
    expect(await failure(bytes)).toMatch(/^t\.csv:\d+: the gzip file is damaged/);
  });

  test("missing file and folder", async () => {
    const missing = readCsvTrace({ path: scratch.path("none.csv"), stepMs: STEP, timeZone: "UTC" });
    await expect(missing).rejects.toThrow(/none\.csv: no such file \(check the path\)$/);
    await mkdir(scratch.path("folder"));
    const folder = readCsvTrace({ path: scratch.path("folder"), stepMs: STEP, timeZone: "UTC" });
    await expect(folder).rejects.toThrow(/folder: is a folder \(name the file in it\)$/);
  });

  test("a column that is not there, and names for a file without a header", async () => {
    expect(await failure(OK, { valueColumn: "rps" })).toBe(
      't.csv:1: has no column "rps" (it has "timestamp", "value")',
    );
    const bare = OK.slice(OK.indexOf("\n") + 1);
    expect(await failure(bare, { valueColumn: "rps" })).toBe(
      "t.csv:1: has no header, but columns are named (add a header line with the names)",
    );
  });
});

describe("what is read", () => {
  test.each([
    ["comma", "timestamp,value\n2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,2\n"],
    [
      "semicolon and Windows line ends",
      "timestamp;value\r\n2026-03-02 00:00:00Z;1\r\n2026-03-02 00:05:00Z;2\r\n",
    ],
    ["tab", "timestamp\tvalue\n2026-03-02T00:00Z\t1\n2026-03-02T00:05Z\t2"],
    ["no header", "2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,2\n"],
    ["byte order mark", "\ufefftimestamp,value\n2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,2\n"],
    ["quotes", 'timestamp,value\n"2026-03-02T00:00:00Z","1"\n"2026-03-02T00:05:00Z","2"\n'],
    ["epoch seconds", `t,v\n${START / 1000},1\n${(START + STEP) / 1000},2\n`],
    ["epoch milliseconds", `t,v\n${START},1\n${START + STEP},2\n`],
    ["other columns", "host,requests,time\na,1,2026-03-02T00:00:00Z\na,2,2026-03-02T00:05:00Z\n"],
    ["offsets", "timestamp,value\n2026-03-02T01:00:00+01:00,1\n2026-03-01T19:05:00-0500,2\n"],
  ])("%s", async (_, content) => {
    const { series, warnings } = await read(content);
    expect(warnings).toEqual([]);
    expect(series.startMs).toBe(START);
    expect([...series.values]).toEqual([1, 2]);
  });

  test("named columns, scale, gzip", async () => {
    const content = gzipSync("when,users,rpm\n2026-03-02T00:00:00Z,9,60\n2026-03-02T00:05:00Z,9,120\n");
    const { series } = await read(content, { timeColumn: "when", valueColumn: "RPM", scale: 1 / 60 });
    expect([...series.values]).toEqual([1, 2]);
  });

  test("a time without a zone is on the clock of the time zone", async () => {
    const { series } = await read("timestamp,value\n2026-07-01 00:00:00,1\n2026-07-01 00:05:00,2\n", {
      timeZone: "America/New_York",
    });
    expect(new Date(series.startMs).toISOString()).toBe("2026-07-01T04:00:00.000Z");
  });

  test("the hour that is there twice is told apart by the order of the rows", async () => {
    const local = ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00"];
    const rows = local.map((time, i) => `2026-11-01 ${time},${i}`);
    const { series } = await read(`timestamp,value\n${rows.join("\n")}\n`, {
      timeZone: "America/New_York",
      stepMs: 30 * MINUTE,
    });
    expect([...series.values]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("without a grid, the file's own step is the grid", async () => {
    const { series, inputStepMs } = await read(csv(50, 10 * MINUTE, String), { stepMs: undefined });
    expect(inputStepMs).toBe(10 * MINUTE);
    expect(series.stepMs).toBe(10 * MINUTE);
    expect(series.values).toHaveLength(50);
  });

  test("finer rows are averaged; a step with less than half of its rows is a gap", async () => {
    const dropped = new Set([6, 7, 10, 11, 12]);
    const { series } = await read(csv(15, MINUTE, (i) => (dropped.has(i) ? undefined : String(i))));
    expect([...series.values]).toEqual([2, (5 + 8 + 9) / 3, Number.NaN]);
  });

  test("coarser rows hold for their own length, with a warning", async () => {
    const { series, warnings } = await read(csv(4, 15 * MINUTE, (i) => (i === 2 ? undefined : String(i))));
    const gap = Number.NaN;
    expect([...series.values]).toEqual([0, 0, 0, 1, 1, 1, gap, gap, gap, 3, 3, 3]);
    expect(warnings[0]).toMatch(/rows are 15m apart, coarser than 5m: each value is held for 15m$/);
  });

  test("a 30 % gap is accepted with a warning and stays a gap", async () => {
    const { series, warnings } = await read(csv(1000, STEP, (i) => (i > 300 && i < 660 ? undefined : "7")));
    expect(series.values.filter(Number.isNaN)).toHaveLength(359);
    expect(series.values.filter((value) => value === 0)).toHaveLength(0);
    expect(warnings.map((line) => line.replace(/^.*: /, ""))).toEqual(["36 % of the 5m steps are gaps"]);
  });

  test("all zeros are accepted with a warning", async () => {
    const { series, warnings } = await read(csv(10, STEP, () => "0"));
    expect([...series.values]).toEqual(Array(10).fill(0));
    expect(warnings[0]).toMatch(/every value is 0 \(is it the right column\?\)$/);
  });
});

describe("laws", () => {
  // null: the row is left out; "": its cell is empty. First and last rows are there, so that the grid is known.
  const cells = fc
    .array(fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constant(null), fc.constant("")), {
      minLength: 3,
      maxLength: 60,
    })
    .map((rows) => [1, 2, ...rows, 3]);

  test("what is written is read back; a gap is never a number, a number never a gap", async () => {
    await fc.assert(
      fc.asyncProperty(cells, fc.boolean(), async (rows, zipped) => {
        const text = csv(rows.length, STEP, (i) => (rows[i] === null ? undefined : String(rows[i])));
        const { series } = await read(zipped ? gzipSync(text) : text);
        const expected = rows.map((cell) => (typeof cell === "number" ? cell : Number.NaN));
        expect([...series.values]).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test("averaging finer rows keeps the total of whole steps, whatever is missing", async () => {
    const minutes = fc.array(fc.option(fc.integer({ min: 1, max: 999 })), { minLength: 10, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(minutes, async (rest) => {
        const rows = [5, 5, 5, 5, 5, ...rest];
        const { series } = await read(csv(rows.length, MINUTE, (i) => rows[i]?.toString()));
        series.values.forEach((value, step) => {
          const present = rows.slice(5 * step, 5 * step + 5).filter((row) => row !== null);
          const mean = present.reduce((sum, row) => sum + row, 0) / present.length;
          if (present.length < 2.5) expect(value).toBeNaN();
          else expect(value).toBeCloseTo(mean, 9);
        });
      }),
      { numRuns: 150 },
    );
  });
});
