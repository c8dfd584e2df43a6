import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type CliPlace, openPlace } from "./run-cli.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let place: CliPlace;

/** Forty visitors a day for ten days, each with three pages and their assets, and one crawler. */
function log(): string {
  const lines: { readonly atMs: number; readonly text: string }[] = [];
  const add = (atMs: number, address: string, path: string, agent: string): void => {
    const iso = new Date(atMs).toISOString();
    const stamp = `${iso.slice(8, 10)}/Jan/2026:${iso.slice(11, 19)} +0000`;
    lines.push({ atMs, text: `${address} - - [${stamp}] "GET ${path} HTTP/1.1" 200 1234 "-" "${agent}"` });
  };
  for (let day = 0; day < 10; day++)
    for (let visitor = 0; visitor < 40; visitor++) {
      const atMs = Date.parse("2026-01-05T08:00:00Z") + day * 86_400_000 + visitor * 600_000;
      for (const [i, path] of ["/", "/style.css", "/shop", "/cart"].entries())
        add(atMs + i * 7_000, `10.0.${day}.${visitor}`, path, "Mozilla/5.0 (Windows NT 10.0) Firefox/120.0");
      add(
        atMs + 1_000,
        "10.9.9.9",
        `/item-${"abcdefghij"[day]}${"abcdefgh"[visitor % 8]}`,
        "Mozilla/5.0 Firefox/120.0",
      );
    }
  return `${lines
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ text }) => text)
    .join("\n")}\n`;
}

beforeAll(async () => {
  place = await openPlace();
  await place.write("access.log", log());
  await place.write("empty.log", "nothing here\n");
});

afterAll(() => place.remove());

test("JSON tells sessions, the crawler, the workflow and next steps, and names nobody", async () => {
  const { code, stdout } = await place.run(["profile", "access.log", "-o", "json", "--no-sequence-model"]);
  expect(code).toBe(0);
  const profile = JSON.parse(stdout);
  expect(profile.requests).toBe(2_000);
  expect(profile.workflows[0]).toMatchObject({ steps: ["/", "/shop", "/cart"], sessions: 400 });
  expect(profile.segments.find(({ segment }: { segment: string }) => segment === "bot").users).toBe(1);
  const chain = profile.navigation.accuracy.find(({ name }: { name: string }) => name === "chain");
  expect(chain.top1).toBeGreaterThan(0.5);
  expect(stdout).not.toContain("10.9.9.9");
});

test("the page is one file without a script", async () => {
  const { code, stdout } = await place.run(["profile", "access.log", "-o", "html", "--no-sequence-model"]);
  expect(code).toBe(0);
  expect(stdout.startsWith("<!doctype html>")).toBe(true);
  expect(stdout).not.toMatch(/<script|https?:\/\//);
});

test.each([
  [["profile", "empty.log"], "empty.log: no request could be read"],
  [["profile", "missing.log"], "missing.log: no such file"],
  [["profile", "access.log", "--holdout", "2"], "--holdout: 2 is no share below 1"],
  [["status", "-o", "html"], "-o html: status prints no page"],
])("%s is a mistake of one line", async (args, message) => {
  const { code, stderr } = await place.run(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
