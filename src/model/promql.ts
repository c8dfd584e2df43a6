import { formatDuration, parseDuration } from "./time.ts";

/** Grafana's words for the step; a query copied from a panel works as it is. */
const STEP_WORDS = /\$(?:__rate_interval|__interval|\{__rate_interval\}|\{__interval\})/g;
const RANGE = /\[\s*((?:\d+(?:\.\d+)?(?:ms|[smhdw]))+)\s*(:[^\]]*)?\]/g;
const STRINGS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g;

/** The query with `$__interval` and `$__rate_interval` replaced by the step. */
export function queryAtStep(query: string, stepMs: number): string {
  return query.replaceAll(STEP_WORDS, formatDuration(stepMs));
}

/**
 * What a query gives, but hardly as it is meant, a line each. The value at the end of a step stands for the whole
 * step: a rate over another length of time says something else.
 *
 *     step 5m, rate(x[1m])     four of five minutes are not looked at
 *     step 1m, rate(x[5m])     smoothed: a rise is seen minutes late
 *     rate(x[5m]) or vector(0) an outage of the metrics would be zero demand
 */
export function queryWarnings(query: string, stepMs: number): readonly string[] {
  const bare = queryAtStep(query, stepMs).replaceAll(STRINGS, '""');
  const warnings: string[] = [];
  const windowsMs = [...bare.matchAll(RANGE)].map((match) => parseDuration(match[1] ?? "") ?? stepMs);
  const shortest = Math.min(...windowsMs);
  const longest = Math.max(...windowsMs);
  const step = formatDuration(stepMs);
  if (shortest < stepMs)
    warnings.push(
      `the range [${formatDuration(shortest)}] is shorter than the step of ${step}: what happens in the rest of ` +
        `a step is not seen (write [${step}] or [$__interval])`,
    );
  if (longest > stepMs)
    warnings.push(
      `the range [${formatDuration(longest)}] is longer than the step of ${step}: demand is smoothed and a rise is ` +
        `seen late (write [${step}] or [$__interval], or a longer step)`,
    );
  if (/\bor\s+(?:on\s*\([^)]*\)\s*)?vector\s*\(\s*0(?:\.0*)?\s*\)/.test(bare))
    warnings.push("`or vector(0)` makes missing samples zero demand (leave it out: a gap is handled)");
  if (/\bincrease\s*\(/.test(bare))
    warnings.push("increase() counts per range, demand is per second (write rate(), or set the scale)");
  return warnings;
}
