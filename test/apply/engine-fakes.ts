import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DownloadEnd } from "../../src/apply/engine-download.ts";
import type { InstallSteps } from "../../src/apply/engine-install.ts";

/** Folders and fake programs of one test; `sh` is the only real program on its PATH. */
export interface Bench {
  readonly folder: string;
  readonly cacheFolder: string;
  readonly bin: string;
  readonly pathVariable: string;
  /** What the fake `go` was asked, a line each. */
  readonly goLog: string;
  readonly steps: InstallSteps;
  readonly remove: () => void;
}

export function makeBench(): Bench {
  // A space and a quote: any word that is not quoted falls apart.
  const folder = mkdtempSync(join(tmpdir(), "tiercast it's "));
  const bin = join(folder, "bin");
  for (const module of ["cli", "language-nodejs"]) {
    mkdirSync(join(folder, "modules", module), { recursive: true });
    writeFileSync(
      join(folder, "modules", module, "go.mod"),
      "module m\n\nrequire (\n\texample.org/a v1.0.0\n)\n",
    );
  }
  mkdirSync(bin);
  return {
    folder,
    cacheFolder: join(folder, "cache"),
    bin,
    pathVariable: `${bin}:/usr/bin:/bin`,
    goLog: join(folder, "go.log"),
    steps: { download: failingDownload, modulesFolder: join(folder, "modules") },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export async function failingDownload(): Promise<DownloadEnd> {
  return { kind: "failed", reason: "site: ENOTFOUND" };
}

export function writeProgram(file: string, body: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

export function writePulumi(file: string, version: string): string {
  return writeProgram(file, `echo v${version}`);
}

/**
 * A `go` that "builds" by writing a shell script. `body` runs before each command with `$1` and the rest as go
 * gets them; FAKE_VERSION in the environment is the version of what it builds.
 */
export function writeGo(bench: Bench, body = ""): void {
  writeProgram(
    join(bench.bin, "go"),
    `echo "$*" >> '${bench.goLog.replaceAll("'", "'\\''")}'
${body}
case "$1" in
version) echo "go version go1.26.8 linux/amd64" ;;
list) echo "go: downloading example.org/a v1.0.0" >&2 ;;
build)
  if [ "$2" = -n ]; then
    echo '/go/tool/compile -o x -p example.org/a -pack ./a.go ./b.go' >&2
    echo '/go/tool/compile -o x -p main -pack ./main.go' >&2
    exit 0
  fi
  while [ "$1" != -o ]; do shift; done
  echo example.org/a >&2
  echo "$3" >&2
  printf '#!/bin/sh\\necho v%s\\n' "\${FAKE_VERSION:-3.250.0}" > "$2"
  chmod +x "$2" ;;
esac`,
  );
}
