import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliPlace, openPlace } from "./run-cli.ts";

const STEP_MS = 1_800_000;
const START_MS = Date.parse("2026-03-02T00:00:00Z");
const ROOT = join(import.meta.dirname, "..", "..");

let place: CliPlace;
let page: string;

beforeAll(async () => {
  place = await openPlace();
  const rows = Array.from({ length: 48 * 9 }, (_, index) => {
    const value = 100 - 60 * Math.cos((index / 48) * 2 * Math.PI) + ((index * 7919) % 13);
    return `${new Date(START_MS + index * STEP_MS).toISOString()},${value.toFixed(2)}`;
  });
  const csv = ["timestamp,value", ...rows, ""].join("\n");
  await place.write("<img src=x>&.csv", csv);
  await place.write("demand.csv", csv);
  const flags = [
    "--horizons",
    "30m,6h,24h",
    "--origins",
    "7",
    "--members",
    "naive,level,dhr-ar,seasonal-naive-week",
  ];
  const { code, stderr } = await place.run([
    "backtest",
    "<img src=x>&.csv",
    ...flags,
    "--report",
    "report.html",
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("report written") });
  page = await readFile(join(place.folder, "report.html"), "utf8");
});

afterAll(() => place.remove());

/** Elements of one name, with what is in them. */
function elements(text: string, name: string): readonly string[] {
  return text.match(new RegExp(`<${name}[ >].*?</${name}>`, "gs")) ?? [];
}

interface PlacedLabel {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** About where each label begins and ends, at a usual width of a letter. */
function placedLabels(picture: string): readonly PlacedLabel[] {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(picture) ?? [];
  return [...picture.matchAll(/<text ([^>]*)>([^<]*)</g)].map(([, attributes = "", text = ""]) => {
    const at = (name: string): number => Number(new RegExp(`\\b${name}="(-?[\\d.]+)"`).exec(attributes)?.[1]);
    const anchor = /text-anchor="(\w+)"/.exec(attributes)?.[1];
    const long = text.length * 6.4;
    const from = at("x") - long * (anchor === "end" ? 1 : anchor === "middle" ? 0.5 : 0);
    return { text, from, to: from + long, y: at("y"), width: Number(width), height: Number(height) };
  });
}

describe("backtest --report", () => {
  test("one file: no script, nothing from outside, light and dark, made for printing", () => {
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:\/\//i);
    expect(page).toContain("prefers-color-scheme:dark");
    expect(page).toContain("@media print");
    expect(page).toContain('name="viewport"');
  });

  test("a file's name cannot put markup in", () => {
    expect(page).toContain("<h1>tiercast backtest: csv &lt;img src=x&gt;&amp;.csv</h1>");
  });

  test("the summary says ratios, the best single model and coverage at each horizon", () => {
    const [summary = ""] = elements(page, "div");
    expect(summary).toMatch(/The ensemble is better than naive (at|every)/);
    for (const horizon of ["30m", "6h", "1d"]) {
      expect(summary).toMatch(
        new RegExp(
          `${horizon} ahead: loss \\d\\.\\d{3} of naive&#39;s, \\d\\.\\d{3} of seasonal naive&#39;s, ` +
            "best single model \\S+ with \\d\\.\\d{3}; the 90 % interval held \\d+ %",
        ),
      );
    }
  });

  test("scores: a table per horizon, and seasonal naive in parentheses as it is no member", () => {
    const tables = elements(page, "table");
    expect(tables).toHaveLength(3 + 1);
    for (const table of tables.slice(0, 3)) {
      expect(table).toMatch(/<tr class="ensemble"><td>ensemble<\/td><td>7<\/td>/);
      expect(table).toContain("<td>(seasonal-naive)</td>");
    }
    expect(elements(tables[3] ?? "", "tr")).toHaveLength(1 + 17);
  });

  test("every picture is there, with a title, and draws what it has", () => {
    const pictures = elements(page, "svg");
    expect(pictures).toHaveLength(3 * 4 + 2 + 6);
    for (const picture of pictures) {
      expect(picture).toMatch(/role="img" aria-label="[^"]+"/);
      expect(picture).not.toMatch(/NaN|Infinity|undefined/);
      expect(picture.match(/<(path|circle)/g)?.length ?? 0).toBeGreaterThan(2);
    }
    expect(page).toContain("best origin");
    expect(page).toContain("worst origin");
  });

  test("no label leaves its picture", () => {
    const labels = elements(page, "svg").flatMap(placedLabels);
    expect(labels.length).toBeGreaterThan(200);
    expect(labels.filter(({ from, to, width }) => from < -12 || to > width + 12)).toEqual([]);
    expect(labels.filter(({ y, height }) => !(y > 0 && y <= height))).toEqual([]);
  });

  test("weights of a horizon fill the picture to 100 %", () => {
    const weights = page.slice(page.indexOf("<h2>Weights"), page.indexOf("<h2>Pinball"));
    for (const picture of elements(weights, "figure")) {
      const shares = [...picture.matchAll(/(\d+) %<\/li>/g)].map(([, share]) => Number(share));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(95);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThan(105);
    }
  });

  test("an interrupt leaves no file, whole or half, and exits 8", async () => {
    const before = await readdir(place.folder);
    const args = ["backtest", "demand.csv", "--origins", "60", "--emit", "late.csv", "--report", "late.html"];
    const child = spawn(join(ROOT, "node_modules", ".bin", "node"), [join(ROOT, "src", "main.ts"), ...args], {
      cwd: place.folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said: string[] = [];
    const code = await new Promise<number | null>((resolve) => {
      child.stderr.on("data", (chunk: Buffer) => {
        said.push(String(chunk));
        if (said.length === 1) child.kill("SIGINT");
      });
      child.on("close", resolve);
    });
    expect({ code, last: said.join("").trimEnd().split("\n").at(-1) }).toEqual({
      code: 8,
      last: "tiercast: cancelled",
    });
    expect(await readdir(place.folder)).toEqual(before);
  });
});
