import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/**
 * Emits `dist/`: plain JavaScript of src/, stacks/ and policies/ in the same folder shape, because Node strips no
 * types under node_modules. Relative paths between the three stay what they are in a clone.
 */
const ROOT = join(import.meta.dirname, "..");
const OUT = join(ROOT, "dist");

/** Files that are read, not compiled. Whatever names a `.ts` program there names its `.js`. */
const COPIED = ["Pulumi.yaml", "policies/PulumiPolicy.yaml", "policies/package.json"];

rmSync(OUT, { recursive: true, force: true });
compile();
for (const file of COPIED) copy(file);
chmodSync(join(OUT, "src/main.js"), 0o755);
refuseTypeScriptPaths();

function compile(): void {
  const compiler = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  execFileSync(process.execPath, [compiler, "-p", join(ROOT, "tsconfig.build.json")], {
    // What the compiler finds goes where errors go: `npm pack --json` keeps stdout for itself.
    stdio: ["ignore", process.stderr, process.stderr],
  });
}

function copy(file: string): void {
  const target = join(OUT, file);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(ROOT, file), target);
  const text = readFileSync(target, "utf8");
  writeFileSync(target, text.replaceAll(/^(main: \S+)\.ts$/gm, "$1.js"));
}

/**
 * The compiler rewrites `.ts` in imports, not in a path that a program puts together: such a path would first
 * fail at a user's, so the build fails instead. `moduleFile` is the way to name a program file.
 */
function refuseTypeScriptPaths(): void {
  const found = readdirSync(OUT, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => {
      const lines = readFileSync(join(OUT, name), "utf8").split("\n");
      return lines.flatMap((line, index) =>
        /["'`][./][^"'`\s]*[^"'`\s.]\.ts["'`]/.test(line) ? [`${name}:${index + 1}: ${line.trim()}`] : [],
      );
    });
  if (found.length === 0) return;
  throw new Error(`${relative(ROOT, OUT)} names TypeScript files, use moduleFile:\n${found.join("\n")}`);
}
