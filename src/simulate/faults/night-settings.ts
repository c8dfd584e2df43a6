import type { Settings } from "../../model/settings.ts";
import { durationMs, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { simulatedSettings } from "../simulated-settings.ts";
import { CANARY } from "./night-watch.ts";

const STEP_MS = durationMs(5 * MINUTE_MS);

/**
 * The simulated service with a cycle every five minutes and everything that lasts cut to fit a night: stabilisation
 * 15 min, warm pools 30 min, a baseline review every two hours, a gate that may open again after half an hour.
 */
export function nightSettings(): Settings {
  const { demand, sizing, warm, missing, schedule, gate, limits, pulumi, ...settings } = simulatedSettings();
  return {
    ...settings,
    demand: {
      ...demand,
      stepMs: STEP_MS,
      staleAfterMs: durationMs(2 * STEP_MS),
      historyMs: durationMs(2 * HOUR_MS),
    },
    horizons: [STEP_MS, HOUR_MS],
    sizing: {
      ...sizing,
      stabilizationMs: durationMs(3 * STEP_MS),
      baselineReviewMs: durationMs(2 * HOUR_MS),
    },
    warm: { ...warm, expiryMs: durationMs(6 * STEP_MS) },
    limits: { ...limits, maxUpdatesPerHour: 8 },
    missing: { ...missing, holdMs: durationMs(3 * STEP_MS) },
    gate: { ...gate, dwellMs: durationMs(6 * STEP_MS) },
    schedule: { ...schedule, intervalMs: STEP_MS, maxDecisionAgeMs: STEP_MS },
    // Nobody but the engine's own environment may ever see these.
    pulumi: { ...pulumi, backend: `s3://key:${CANARY}@bucket`, passphraseFile: CANARY },
  };
}
