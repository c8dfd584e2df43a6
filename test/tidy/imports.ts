import { posix } from "node:path";
import type { SourceFacts } from "./source.ts";

const PURE = ["profile", "forecast", "assess", "decide", "capacity", "render", "verify", "route"];
const ADAPTERS = ["observe", "journal", "local", "apply", "tenancy"];

/**
 * Who may import whom. A place is a folder of src/, a file directly in src/, or a folder beside src/. Every place
 * may import itself; src/config*.ts and src/config/ are one place. A place that is not in this table fails the test until its row is decided.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  observe: ["model"],
  profile: ["model"],
  forecast: ["model"],
  assess: ["model"],
  decide: ["model"],
  capacity: ["model"],
  render: ["model"],
  verify: ["model"],
  route: ["model"],
  journal: ["model"],
  local: ["model"],
  apply: ["model", "stacks"],
  tenancy: ["model"],
  controller: ["model", ...PURE],
  simulate: ["model", ...PURE, "controller"],
  config: ["model"],
  http: ["model", ...PURE, "controller"],
  cli: [
    "model",
    ...PURE,
    ...ADAPTERS,
    "config",
    "controller",
    "simulate",
    "log.ts",
    "clock.ts",
    "process-watch.ts",
  ],
  // One command that plays the whole product: it composes like wire.ts does.
  demo: [
    "model",
    ...PURE,
    ...ADAPTERS,
    "config",
    "controller",
    "simulate",
    "http",
    "cli",
    "wire.ts",
    "log.ts",
    "clock.ts",
  ],
  "log.ts": ["model"],
  "clock.ts": ["model"],
  "process-watch.ts": ["model"],
  "wire.ts": [
    "model",
    ...PURE,
    ...ADAPTERS,
    "config",
    "controller",
    "simulate",
    "http",
    "cli",
    "log.ts",
    "clock.ts",
  ],
  "main.ts": ["model", "cli", "demo", "http", "wire.ts", "config", "log.ts"],
  // The provider speaks to the supervisor through its client, and starts it.
  stacks: ["model", "local"],
  policies: [],
};

/** Folders whose files may import anything: they are no part of what runs. */
export const FREE_FOLDERS: readonly string[] = ["test", "build", "bench", "bin", "examples"];

/** Packages that only some places may know. */
const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  "@pulumi/": ["apply", "stacks", "policies"],
  fastify: ["http", "local"],
  commander: ["cli", "main.ts"],
  piscina: ["forecast"],
};

/** The place of a file, e.g. `forecast` for src/forecast/members/naive.ts; undefined outside the table's world. */
export function placeOf(path: string): string | undefined {
  const [top = "", second = ""] = path.split("/");
  if (FREE_FOLDERS.includes(top) || !path.includes("/")) return undefined;
  if (top !== "src") return top;
  if (second.startsWith("config") && second.endsWith(".ts")) return "config";
  return second;
}

export function checkImports(path: string, facts: SourceFacts): readonly string[] {
  const place = placeOf(path);
  if (place === undefined) return [];
  const allowed = MAY_IMPORT[place];
  if (allowed === undefined) return [`${path}: decide the place of ${place} in test/tidy/imports.ts`];
  return facts.imports.flatMap(({ value, line }) => {
    const where = `${path}:${line}`;
    if (value.startsWith(".")) return checkOwn(path, place, allowed, value, where);
    return checkPackage(place, value, where);
  });
}

function checkOwn(
  path: string,
  place: string,
  allowed: readonly string[],
  specifier: string,
  where: string,
): readonly string[] {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  const to = placeOf(target);
  // Plain files of the repository (package.json, engine/, schema/) are data, not modules.
  if (!/\.[jt]s$/.test(target) || to === place) return [];
  if (to === undefined || !allowed.includes(to)) return [`${where}: ${place} may not import ${to ?? target}`];
  return [];
}

function checkPackage(place: string, specifier: string, where: string): readonly string[] {
  for (const [name, homes] of Object.entries(PACKAGE_HOMES)) {
    const known = name.endsWith("/") ? specifier.startsWith(name) : specifier === name;
    if (known && !homes.includes(place)) return [`${where}: ${specifier} belongs in ${homes.join(", ")}`];
  }
  return [];
}
