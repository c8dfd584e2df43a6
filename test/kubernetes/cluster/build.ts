import { installEngine } from "../../../src/apply/engine.ts";
import { installKubernetesProvider } from "../../../src/apply/kubernetes-provider.ts";
import { progressText } from "../../../src/cli/engine-install.ts";
import { progressLine } from "../../../src/cli/progress-line.ts";
import { cacheFolder, processEnvironment } from "../../../src/config.ts";
import { UserError } from "../../../src/model/user-error.ts";
import { installClusterPrograms, writePrograms } from "./programs.ts";

/**
 * `node test/kubernetes/cluster/build.ts`: builds what the cache does not have of engine, provider and cluster, with
 * progress on stderr. Prints one JSON object: `pulumi`, the engine (null: none), and `programs`, the file for
 * TIERCAST_TEST_KUBERNETES. Ends with 0 where something could not be had: the file then says why.
 */
const environment = processEnvironment();
const cache = cacheFolder(environment);
const line = progressLine(process.stderr);
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());

try {
  process.stdout.write(`${JSON.stringify(await buildAll())}\n`);
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  line.end();
}

async function buildAll() {
  const options = {
    cacheFolder: cache,
    environment,
    signal: interrupted.signal,
    onProgress: (progress: Parameters<typeof progressText>[0]) => {
      if (progress.kind === "step") line.show(progressText(progress));
    },
  };
  const engine = await orNone(installEngine({ ...options, pathVariable: environment["PATH"] ?? "" }));
  const provider =
    engine === undefined ? undefined : await orNone(installKubernetesProvider({ ...options, engine }));
  const programs = await installClusterPrograms(options);
  const told =
    programs.kind === "ready" ? { ...programs, providerFolder: provider?.folder ?? null } : programs;
  if (told.kind === "missing") process.stderr.write(`no cluster for tests: ${told.reason}\n`);
  return { pulumi: engine?.pulumiPath ?? null, programs: writePrograms(cache, told) };
}

async function orNone<Found>(finding: Promise<Found>): Promise<Found | undefined> {
  try {
    return await finding;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}
