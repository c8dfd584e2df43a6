import { choiceField, countField, durationField, groupField, numberField } from "./fields.ts";

/** The group `promotion`. */
export const promotionField = groupField({
  from: choiceField("Mode to start in.", ["observe", "shadow", "suggest"]).prefault("shadow"),
  after: durationField("The forecast must have held this long for each step up.", {
    min: 3_600_000,
  }).prefault("3d"),
}).describe("Rise to mode step by step as the forecast proves itself. Left out: mode is in force at once.");

/** The group `gate`. */
export const gateField = groupField({
  rule: choiceField("measured: the forecast acts while its scores hold. off: it always acts.", [
    "measured",
    "off",
  ]).prefault("measured"),
  demoteCoverage: numberField("Coverage of the 90 % interval below this stops the forecast.", {
    min: 0,
    max: 1,
  }).prefault(0.8),
  promoteCoverage: numberField("Coverage must be above this for the forecast to act again.", {
    min: 0,
    max: 1,
  }).prefault(0.85),
  demoteLoss: numberField("Loss over that of the naive forecast: above this stops the forecast.", {
    min: 0.1,
    max: 100,
  }).prefault(1.05),
  promoteLoss: numberField("The loss must be below this for the forecast to act again.", {
    min: 0.1,
    max: 100,
  }).prefault(1),
  dwell: durationField("How long both must have held before a stopped forecast acts again.").prefault("1d"),
  minScores: countField("Scores from which coverage and loss say something.", { min: 10 }).prefault(48),
  headroomFraction: numberField(
    "Margin on top of demand now while the forecast does not act; 0.25 is 80 % utilization.",
    { min: 0, max: 5 },
  ).prefault(0.25),
});
