import { type EngineProgress, installEngine } from "../apply/engine.ts";
import { installKubernetesProvider } from "../apply/kubernetes-provider.ts";
import { cacheFolder, processEnvironment } from "../config.ts";
import { shortDuration } from "../model/time.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { flagOption, textOption, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { progressLine } from "./progress-line.ts";

/** Gets the engine, and with `--with kubernetes` its provider: cache, official download, build from Go modules. */
export async function runEngineInstall(call: CommandCall): Promise<number> {
  const environment = processEnvironment();
  const line = progressLine(process.stderr);
  const options = {
    cacheFolder: cacheFolder(environment),
    environment,
    offline: flagOption(call, "offline"),
    signal: call.context.signal,
    onProgress: (progress: EngineProgress) => {
      if (progress.kind === "step") line.show(progressText(progress));
    },
  };
  try {
    const engine = await installEngine({ ...options, pathVariable: environment["PATH"] ?? "" });
    const wantsProvider = textOption(call, "with") === "kubernetes";
    const provider = wantsProvider ? await installKubernetesProvider({ ...options, engine }) : undefined;
    line.end();
    if (wantsJson(call))
      printJson("Engine", provider === undefined ? engine : { ...engine, plugins: [provider] });
    else {
      print(`Pulumi ${engine.version} (${engine.origin}): ${escapeText(engine.pulumiPath)}`);
      if (provider !== undefined)
        print(
          `provider ${provider.name} ${provider.version} (${provider.origin}): ${escapeText(provider.folder)}`,
        );
    }
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
