import { expect, test } from "vitest";
import { decisionLines } from "../../src/cli/decision-text.ts";
import { think } from "../../src/controller/think.ts";
import { forecastOf, inputOf, patched, sizesOf } from "../decide/decide-input-fixture.ts";

const ROWS = [70, 75, 85, 95, 105, 118, 125, 140];
const settings = patched({ sizing: { updateCostUsd: 0.003 } });
const growing = inputOf({ settings, demandRps: 71, current: sizesOf(4, 2, 0), forecast: forecastOf(ROWS) });
const lines = (input: typeof growing) => decisionLines(think(input).decision, (_style, text) => text);

test("a change is shown with its worth and the next best", () => {
  const shown = lines(growing).slice(-3);
  expect(shown).toMatchInlineSnapshot(`
    [
      "expected   4.11 units short before, 0.03 after",
      "worth      $7.00/h for 4.08 fewer units missing: $8.43 net over 15m",
      "next best  one unit less, 12: $10.40/h and 0.10 units short, $0.25/h cheaper in all",
    ]
  `);
});

test("what holds has no worth; a record of before there was a reckoning shows neither", () => {
  const settled = lines({ ...growing, current: sizesOf(4, 9, 0), platform: null });
  expect(settled.some((line) => line.startsWith("next best"))).toBe(true);
  expect(settled.some((line) => line.startsWith("worth"))).toBe(false);
  const { schema: _schema, ...old } = growing;
  expect(lines(old).filter((line) => /^(?:worth|next best)/.test(line))).toEqual([]);
});
