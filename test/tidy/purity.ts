import { placeOf } from "./imports.ts";
import type { SourceFacts } from "./source.ts";

/** No clock, randomness, IO or logging here: values in, values out. */
const PURE_PLACES = [
  "model",
  "profile",
  "forecast",
  "assess",
  "decide",
  "capacity",
  "render",
  "verify",
  "route",
];

/** Modules of Node that compute and touch nothing. */
const PURE_MODULES = [
  "node:assert",
  "node:assert/strict",
  "node:util",
  "node:path",
  "node:crypto",
  "node:url",
];

/** What pure files may import all the same, each with its reason. */
const PURE_EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Heavy fits run in worker threads and are timed; the Stan module writes to stderr what is retried anyway.
  "src/forecast/engine/engine.ts": ["performance.now"],
  "src/forecast/engine/forecast-worker.ts": ["performance.now", "process.stderr"],
  // Serializing and checksums compute and touch nothing; the rest of their modules does.
  "src/forecast/ensemble/learned-bytes.ts": ["node:v8", "node:zlib"],
  "src/forecast/engine/shared-trainers.ts": ["node:v8"],
  // Prophet's WebAssembly bytes lie in a package.
  "src/forecast/prophet/prophet-module.ts": ["node:fs", "node:module"],
};

/** Effects that only the named files may have, outside the pure places too. A trailing slash names a folder. */
const NAMED_FILES: Readonly<Record<string, readonly string[]>> = {
  "Date.now": [
    "src/clock.ts",
    "src/wire.ts",
    "src/cli/wall-time.ts",
    "src/local/supervisor-main.ts",
    "src/local/load-main.ts",
  ],
  "new Date()": ["src/clock.ts", "src/local/supervisor-main.ts"],
  "Date()": [],
  "Math.random": ["src/wire.ts"],
  "process.env": ["src/config.ts", "stacks/main.ts"],
  "console.": ["src/cli/"],
};

const RANDOM = /^(?:crypto\.(?:randomUUID|getRandomValues)|node:crypto#random\w+)$/;
const PURE_EFFECTS =
  /^(?:performance\.|process\.|console\.|globalThis\.|(?:setTimeout|setInterval|setImmediate|fetch)\(\))/;

export function checkPurity(path: string, facts: SourceFacts): readonly string[] {
  const place = placeOf(path);
  if (place === undefined) return [];
  const found = facts.effects.flatMap(({ value, line }) =>
    isNamedElsewhere(path, value) ? [`${path}:${line}: ${value} is not for this file`] : [],
  );
  if (!PURE_PLACES.includes(place)) return found;
  return [...found, ...impureModules(path, facts), ...impureEffects(path, facts)];
}

function isNamedElsewhere(path: string, effect: string): boolean {
  for (const [name, files] of Object.entries(NAMED_FILES)) {
    const same = name.endsWith(".") ? effect.startsWith(name) : effect === name;
    if (!same) continue;
    return !files.some((file) => (file.endsWith("/") ? path.startsWith(file) : path === file));
  }
  return false;
}

function impureModules(path: string, facts: SourceFacts): readonly string[] {
  return facts.imports.flatMap(({ value: specifier, line }) => {
    const allowed = !specifier.startsWith("node:") || PURE_MODULES.includes(specifier);
    if (allowed || isException(path, specifier)) return [];
    return [`${path}:${line}: ${specifier} in a pure place`];
  });
}

function impureEffects(path: string, facts: SourceFacts): readonly string[] {
  return facts.effects.flatMap(({ value, line }) => {
    if (!PURE_EFFECTS.test(value) && !RANDOM.test(value)) return [];
    return isException(path, value) ? [] : [`${path}:${line}: ${value} in a pure place`];
  });
}

function isException(path: string, what: string): boolean {
  return PURE_EXCEPTIONS[path]?.includes(what) ?? false;
}
