import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkLeaks, checkLength, checkLinks, checkPathName, checkSize } from "./tidy/files.ts";
import { checkImports, MAY_IMPORT, placeOf } from "./tidy/imports.ts";
import { checkPurity } from "./tidy/purity.ts";
import { readSource } from "./tidy/source.ts";
import { checkComments, checkDocument, checkNames } from "./tidy/words.ts";

const ROOT = join(import.meta.dirname, "..");

/** Files whose very subject is the forbidden: the rules and their planted violations. */
const OWN = /^test\/tidy(?:\.test\.ts$|\/)/;

const FILES = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)));
const SOURCES = FILES.filter((path) => /\.[jt]s$/.test(path)).map((path) => {
  const text = readFileSync(join(ROOT, path), "utf8");
  return { path, text, facts: readSource(path, text) };
});
const TEXTS = FILES.filter((path) => /\.(?:[jt]s|md|json|yaml|yml|sh|mod|sum|npmrc)$|\.ci\/run$/.test(path));

describe("the repository", () => {
  test("imports go down, siblings never meet", () => {
    expect(SOURCES.flatMap(({ path, facts }) => checkImports(path, facts))).toEqual([]);
  });

  test("every folder's place is decided", () => {
    const places = SOURCES.map(({ path }) => placeOf(path)).filter((place) => place !== undefined);
    expect(places.filter((place) => MAY_IMPORT[place] === undefined)).toEqual([]);
  });

  test("clock, randomness, environment and console only in named files", () => {
    expect(SOURCES.flatMap(({ path, facts }) => checkPurity(path, facts))).toEqual([]);
  });

  test("names", () => {
    const others = SOURCES.filter(({ path }) => !OWN.test(path));
    expect(others.flatMap(({ path, facts }) => checkNames(path, facts))).toEqual([]);
  });

  test("words in comments and documents", () => {
    const comments = SOURCES.filter(({ path }) => !OWN.test(path)).flatMap(({ path, facts }) =>
      checkComments(path, facts),
    );
    const documents = FILES.filter((path) => path.endsWith(".md")).flatMap((path) =>
      checkDocument(path, read(path)),
    );
    expect([...comments, ...documents]).toEqual([]);
  });

  test("no default exports but the configuration files of tools", () => {
    const found = SOURCES.filter(
      ({ path, facts }) => !path.endsWith(".config.ts") && facts.defaultExports.length > 0,
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test("file names, lengths and sizes", () => {
    const names = FILES.flatMap(checkPathName);
    const lengths = SOURCES.flatMap(({ path, text }) => checkLength(path, text));
    const sizes = FILES.flatMap((path) => checkSize(path, statSync(join(ROOT, path)).size));
    expect([...names, ...lengths, ...sizes]).toEqual([]);
  });

  test("no registry hosts, no paths of one machine", () => {
    expect(TEXTS.filter((path) => !OWN.test(path)).flatMap((path) => checkLeaks(path, read(path)))).toEqual(
      [],
    );
  });

  test("links in documents lead somewhere", () => {
    const documents = FILES.filter((path) => path.endsWith(".md"));
    const exists = (path: string): boolean => existsSync(join(ROOT, path));
    expect(documents.flatMap((path) => checkLinks(path, read(path), exists))).toEqual([]);
  });
});

describe("the rules find what is planted", () => {
  test.each([
    ["src/decide/a.ts", 'import { x } from "../forecast/b.ts";', "decide may not import forecast"],
    ["src/model/a.ts", 'export { x } from "../decide/b.ts";', "model may not import decide"],
    ["src/controller/a.ts", 'import type { X } from "../apply/b.ts";', "controller may not import apply"],
    ["src/journal/a.ts", 'const x = await import("../apply/b.ts");', "journal may not import apply"],
    ["src/local/a.ts", 'moduleFile(import.meta.url, "../cli/b");', "local may not import cli"],
    ["src/observe/a.ts", 'new URL("../local/b.ts", import.meta.url);', "observe may not import local"],
    ["src/main.ts", 'import { x } from "./apply/b.ts";', "main.ts may not import apply"],
    ["src/apply/a.ts", 'import { x } from "../../test/b.ts";', "apply may not import test/b.ts"],
    ["policies/a.ts", 'import type { X } from "../src/model/b.ts";', "policies may not import model"],
    ["stacks/local/a.ts", 'import { x } from "../../src/apply/b.ts";', "stacks may not import apply"],
    [
      "src/decide/a.ts",
      'import { Output } from "@pulumi/pulumi";',
      "@pulumi/pulumi belongs in apply, stacks, policies",
    ],
    ["src/cli/a.ts", 'import fastify from "fastify";', "fastify belongs in http, local"],
    ["src/planner/a.ts", "", "decide the place of planner"],
    ["tools/a.ts", "", "decide the place of tools"],
  ])("imports: %s %s", (path, text, words) => {
    expect(checkImports(path, readSource(path, text)).join("\n")).toContain(words);
  });

  test.each([
    ["src/decide/a.ts", 'import type { X } from "../model/b.ts"; import { y } from "./c.ts";'],
    ["src/apply/a.ts", 'import { x } from "../../stacks/local/b.ts"; import "@pulumi/pulumi";'],
    [
      "stacks/local/a.ts",
      'import type { X } from "../../src/model/b.ts"; import { type Y } from "../../src/model/c.ts";',
    ],
    ["src/config.ts", 'import { x } from "./config-schema.ts"; import { y } from "./config/b.ts";'],
    ["test/a.ts", 'import { x } from "../src/apply/b.ts";'],
    ["src/apply/a.ts", 'new URL("../../engine/cli", import.meta.url);'],
  ])("imports that may: %s %s", (path, text) => {
    expect(checkImports(path, readSource(path, text))).toEqual([]);
  });

  test.each([
    ["src/decide/a.ts", "const t = Date.now();", "Date.now"],
    ["src/controller/a.ts", "const t = Date.now();", "Date.now"],
    ["src/controller/a.ts", "const t = new Date();", "new Date()"],
    ["src/apply/a.ts", "const r = Math.random();", "Math.random"],
    ["src/apply/a.ts", "const e = process.env;", "process.env"],
    ["src/http/a.ts", "console.log(1);", "console.log"],
    ["src/decide/a.ts", "performance.now();", "performance.now"],
    ["src/decide/a.ts", "setTimeout(f, 1);", "setTimeout()"],
    ["src/assess/a.ts", 'import { readFileSync } from "node:fs";', "node:fs"],
    ["src/verify/a.ts", 'import { randomUUID } from "node:crypto";', "node:crypto#randomUUID"],
    ["src/forecast/members/a.ts", 'import { Worker } from "node:worker_threads";', "node:worker_threads"],
  ])("purity: %s %s", (path, text, words) => {
    expect(checkPurity(path, readSource(path, text)).join("\n")).toContain(words);
  });

  test.each([
    ["src/clock.ts", "Date.now();"],
    ["src/config.ts", "process.env;"],
    ["src/cli/a.ts", "console.log(1);"],
    ["src/decide/a.ts", '// Date.now()\nconst text = "Math.random()"; new Date(5); Math.max(1, 2);'],
    ["src/render/a.ts", 'import { createHash } from "node:crypto";'],
    ["src/forecast/prophet/prophet-module.ts", 'import { readFileSync } from "node:fs";'],
  ])("purity that may: %s %s", (path, text) => {
    expect(checkPurity(path, readSource(path, text))).toEqual([]);
  });

  test.each([
    ["src/a.ts", "class StackManager {}"],
    ["src/a.ts", "const errorHandler = 1;"],
    ["src/a.ts", "function f(helperText: string) {}"],
    ["src/string-utils.ts", ""],
    ["src/a.ts", "interface ForecastService {}"],
    ["src/a.ts", "interface X { readonly confidenceLevel: number }"],
    ["src/a.ts", "function deployStack() {}"],
    ["src/a.ts", "const prediction = 1;"],
    ["src/decide/a.ts", "const estimatedUnits = 1;"],
  ])("names: %s %s", (path, text) => {
    expect(checkNames(path, readSource(path, text))).toHaveLength(1);
  });

  test("names that may", () => {
    const text =
      "const predictionInterval = 1, serviceTimeMs = 2, utilization = 3, service = 4, meanServiceMs = 5, observedMs = 6;";
    expect(checkNames("src/a.ts", readSource("src/a.ts", text))).toEqual([]);
  });

  test.each([
    "/** The 90 % confidence interval. */",
    "// a prediction of demand",
    "// an estimate of demand",
    "/*\n * deployed at night\n */",
  ])("comments: %s", (text) => {
    expect(checkComments("src/a.ts", readSource("src/a.ts", text))).toHaveLength(1);
  });

  test("documents: prose counts, code does not", () => {
    expect(checkDocument("docs/a.md", "We deploy the stack.")).toHaveLength(1);
    expect(
      checkDocument(
        "docs/a.md",
        "`deploy` and a Kubernetes Deployment\n```\ndeploy it\n```\nprediction interval",
      ),
    ).toEqual([]);
  });

  test("default exports in every form", () => {
    for (const text of [
      "export default 1;",
      "export default function f() {}",
      "const a = 1; export { a as default };",
    ]) {
      expect(readSource("a.ts", text).defaultExports).toHaveLength(1);
    }
    expect(readSource("a.ts", "export const a = 1;").defaultExports).toEqual([]);
  });

  test("file names", () => {
    expect(["src/planHash.ts", "src/plan_hash.ts", "src/Plan.ts"].flatMap(checkPathName)).toHaveLength(3);
    expect(
      ["src/plan-hash.test.ts", ".ci/run", "README.md", "policies/PulumiPolicy.yaml"].flatMap(checkPathName),
    ).toEqual([]);
  });

  test("lengths and sizes", () => {
    expect(checkLength("src/a.ts", "x\n".repeat(321))).toHaveLength(1);
    expect(checkLength("src/a.ts", "x\n".repeat(320))).toEqual([]);
    expect(checkLength("src/a.ts", "x".repeat(121))).toHaveLength(1);
    expect(checkSize("a.bin", 200_001)).toHaveLength(1);
  });

  test.each([
    '{ "resolved": "https://registry.example/a.tgz" }',
    "registry=https://npm.example/",
    "export GOPROXY=https://go.example",
    // In two parts, so that no path of a machine stands in this file either.
    `see /${"root"}/${"work"}/x.ts`,
    "cd /home/bob/tiercast/src",
    "https://artifactory.example/api/npm",
  ])("leaks: %s", (text) => {
    expect(checkLeaks("a.md", text)).toHaveLength(1);
  });

  test("leaks that are none", () => {
    expect(
      checkLeaks("a.md", "src/work/a.ts ./root/x https://example.com/home/ann/ /usr/bin/node /tmp/x"),
    ).toEqual([]);
  });

  test("links", () => {
    const exists = (path: string): boolean => path === "docs/a.md";
    expect(checkLinks("README.md", "[a](docs/a.md#part) [b](https://x.example) [c](#here)", exists)).toEqual(
      [],
    );
    expect(checkLinks("README.md", "[a](docs/gone.md)", exists)).toHaveLength(1);
    expect(checkLinks("docs/b.md", "[a](a.md) [r](../docs/a.md)", exists)).toEqual([]);
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
