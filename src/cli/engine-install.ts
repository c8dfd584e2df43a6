import { type EngineProgress, installEngine } from "../apply/engine.ts";
import { cacheFolder, processEnvironment } from "../config.ts";
import { shortDuration } from "../model/time.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { flagOption, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { progressLine } from "./progress-line.ts";

/** Gets the engine: PATH, cache, official download, build from Go modules. */
export async function runEngineInstall(call: CommandCall): Promise<number> {
  const environment = processEnvironment();
  const line = progressLine(process.stderr);
  try {
    const engine = await installEngine({
      cacheFolder: cacheFolder(environment),
      pathVariable: environment["PATH"] ?? "",
      environment,
      offline: flagOption(call, "offline"),
      signal: call.context.signal,
      onProgress: (progress) => {
        if (progress.kind === "step") line.show(progressText(progress));
      },
    });
    line.end();
    if (wantsJson(call)) printJson("Engine", engine);
    else print(`Pulumi ${engine.version} (${engine.origin}): ${escapeText(engine.pulumiPath)}`);
    return EXIT.done;
  } finally {
    line.end();
  }
}

/** `building the Pulumi engine 43 % (about 2m left)`. */
export function progressText({ text, fraction, etaMs }: EngineProgress): string {
  const share = fraction === undefined ? "" : ` ${Math.floor(fraction * 100)} %`;
  const left = etaMs === undefined ? "" : ` (about ${shortDuration(roughly(etaMs))} left)`;
  return escapeText(`${text}${share}${left}`);
}

/** An estimate to the second would claim too much: tens of seconds, above two minutes half minutes. */
function roughly(etaMs: number): number {
  const grainMs = etaMs > 120_000 ? 30_000 : 10_000;
  return Math.max(grainMs, Math.round(etaMs / grainMs) * grainMs);
}
