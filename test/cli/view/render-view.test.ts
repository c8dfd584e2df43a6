import { describe, expect, test } from "vitest";
import { plainLine } from "../../../src/cli/view/plain-line.ts";
import { renderSummary } from "../../../src/cli/view/render-summary.ts";
import { renderView } from "../../../src/cli/view/render-view.ts";
import { textWidth } from "../../../src/cli/view/text-width.ts";
import { emptyState, hostileState, runningState, startingState } from "./sample-states.ts";

const STATES = { running: runningState, starting: startingState, empty: emptyState, hostile: hostileState };

describe("the live view, as a person sees it", () => {
  test.each([
    ["running", 80, 24, false],
    ["running", 120, 40, false],
    ["running", 80, 24, true],
    ["starting", 80, 24, false],
    ["empty", 80, 24, false],
  ] as const)("%s at %ix%i, ascii %s", async (name, columns, rows, ascii) => {
    const lines = renderView(STATES[name](), { columns, rows, ascii }, false);
    const file = `golden/${name}-${columns}x${rows}${ascii ? "-ascii" : ""}.txt`;
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(file);
  });

  test("a second without requests has no latency, not one of 0 ms", () => {
    const size = { columns: 80, rows: 24 };
    const lines = renderView({ ...runningState(), latency: null }, size, false);
    expect(lines.find((line) => line.startsWith("latency"))?.trimEnd()).toBe("latency  no requests just now");
  });

  test('without a forecast "now" stands whole at the right edge', () => {
    const { chart } = runningState();
    const lines = renderView(
      { ...runningState(), chart: { ...chart, ahead: [] } },
      { columns: 80, rows: 24 },
      false,
    );
    expect(lines.some((line) => /now *$/.test(line))).toBe(true);
  });

  test("colour changes no character", () => {
    const size = { columns: 80, rows: 24 };
    const coloured = renderView(runningState(), size, true).join("\n");
    expect(coloured).toContain("\u001b[");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences
    expect(coloured.replaceAll(/\u001b\[[0-9;]*m/g, "")).toBe(
      renderView(runningState(), size, false).join("\n"),
    );
  });

  test("at every size: never more rows nor wider than the screen", () => {
    for (const make of Object.values(STATES)) {
      for (let columns = 1; columns <= 200; columns += 13) {
        for (let rows = 1; rows <= 70; rows += 7) {
          const lines = renderView(make(), { columns, rows }, false);
          expect(lines.length).toBeLessThanOrEqual(rows);
          expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(columns);
        }
      }
    }
  });

  test("ASCII means ASCII", () => {
    const lines = renderView(hostileState(), { columns: 100, rows: 30, ascii: true }, false);
    expect(lines.join("")).toMatch(/^[ -~]*$/);
  });

  test("nothing from outside steers the terminal", () => {
    const lines = renderView(hostileState(), { columns: 100, rows: 30 }, false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(lines.join("\n")).toContain("\\x1b]0;owned");
    expect(plainLine(hostileState())).toContain("\\x1b]0;owned");
  });

  test("a gap in demand is a gap in its line", () => {
    const whole = runningState();
    const noDemand = { ...whole, chart: { ...whole.chart, ahead: [] } };
    const history = noDemand.chart.history.map((step) => ({ ...step, demandRps: null, capacityRps: null }));
    const lines = renderView(
      { ...noDemand, chart: { ...noDemand.chart, history } },
      { columns: 80, rows: 24 },
      false,
    );
    expect(lines.slice(3, 13).join("")).not.toMatch(/[━┃┏┓┗┛]/);
  });
});

describe("the plain line", () => {
  test("one cycle", () => {
    expect(plainLine(runningState())).toBe(
      "2001-04-02 08:00 EDT  demand 38.2 rps, next 37.9 (34.9 to 40.9)  10 units ready  late or failed 0.17 %  " +
        "cycle 41 applied: predictive 3 -> 5: demand is expected to reach 44.9 rps (0.95 quantile) within lead " +
        "time 10m and one cycle of 5m; baseline stays 4 until its review at 04:00",
    );
  });
});

describe("the summary", () => {
  test("beside the reactive rule", () => {
    const { outcome, reactive } = runningState();
    const lines = renderSummary({
      tiercast: outcome,
      reactive,
      updates: 6,
      scaleUpsAhead: { count: 3, medianLeadMs: 660_000 },
      scaleDowns: 2,
      engine: { runs: 12, totalMs: 48_200 },
      wallMs: 180_000,
      traceMs: 10_800_000,
    });
    expect(`\n${lines.join("\n")}\n`).toMatchInlineSnapshot(`
      "
                      TIERCAST  HPA RULE
      late or failed    0.17 %    3.14 %
      requests          12,345    12,345
      unit-hours         24.31     22.07
      cost               $1.99     $2.20

      updates                6 applied by Pulumi, each checked by the policy pack
      scale-ups before rise  3 (median 11m before it)
      scale-downs            2
      engine runs            12 in 48.2 s
      duration               3m for 3h of the trace
      "
    `);
  });
});
