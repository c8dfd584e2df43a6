import { z } from "zod";
import { LATENCY_PERCENTILES, type LatencySettings } from "../model/latency.ts";
import { absent, countField, durationField, groupField, numberField } from "./fields.ts";
import { shown } from "./problem.ts";

/** The group `latency`. */
export const latencyField = groupField({
  percentile: z
    .literal(LATENCY_PERCENTILES, {
      error: ({ input }) =>
        absent(input) ?? `must be one of ${LATENCY_PERCENTILES.join(", ")}, not ${shown(input)} (write 0.95)`,
    })
    .describe("Percentile of the response times that is judged.")
    .prefault(0.95),
  threshold: durationField("Above this, waiting included, more units are asked for."),
  for: durationField("Once it has been above for so long.").prefault("2m"),
  maxStepFraction: numberField("Largest raise at a time, as a share of the ready units; 1 doubles them.", {
    min: 0.01,
    max: 10,
  }).prefault(1),
  releaseBelowFraction: numberField("Nothing is released before it is below this share of the threshold.", {
    min: 0.05,
    max: 1,
  }).prefault(0.7),
  minRequests: countField("Fewer requests say nothing. Default: ten beyond the percentile, 200 for 0.95.", {
    min: 1,
    max: 1_000_000,
  }).optional(),
}).describe("More units while response times are too high. Left out: response times size nothing.");

export function completeLatency(parsed: z.output<typeof latencyField>): LatencySettings {
  const { percentile, threshold, minRequests } = parsed;
  return {
    percentile,
    thresholdMs: threshold,
    forMs: parsed.for,
    maxStepFraction: parsed.maxStepFraction,
    releaseBelowFraction: parsed.releaseBelowFraction,
    minRequests: minRequests ?? Math.ceil(10 / (1 - percentile) - 1e-6),
  };
}
