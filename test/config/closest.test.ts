import { expect, test } from "vitest";
import { closest } from "../../src/config/closest.ts";

const KEYS = ["prior", "quantile", "maxTotalUnits", "timeZone", "step"];

test.each([
  ["max_total_units", "maxTotalUnits"],
  ["TIMEZONE", "timeZone"],
  ["priorMinutes", "prior"],
  ["stepMs", "step"],
  ["quantlie", "quantile"],
  ["maxTotalUnit", "maxTotalUnits"],
  ["setp", "step"],
])("%s was meant to be %s", (word, key) => expect(closest(word, KEYS)).toBe(key));

test.each(["", "x", "zzzzzz", "quantity of units", "a".repeat(5000)])("%j is near to nothing", (word) => {
  expect(closest(word, KEYS)).toBeUndefined();
});
