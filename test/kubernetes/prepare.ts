import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** What the build of the test cluster answers (`cluster/build.ts`). */
export interface Prepared {
  readonly pulumi: string | null;
  /** For TIERCAST_TEST_KUBERNETES. */
  readonly programs: string;
}

const BUILD = join(import.meta.dirname, "cluster/build.ts");

/** Builds what the cache lacks, progress on stderr. Undefined: the build itself failed, and has said why. */
export function prepareCluster(): Prepared | undefined {
  const { stdout, status } = spawnSync(process.execPath, [BUILD], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return status === 0 ? (JSON.parse(stdout) as Prepared) : undefined;
}

/** Variables that open the tests in test/kubernetes. */
export function clusterEnvironment({ pulumi, programs }: Prepared): Readonly<Record<string, string>> {
  return {
    TIERCAST_TEST_KUBERNETES: programs,
    ...(pulumi === null ? {} : { TIERCAST_TEST_PULUMI: pulumi }),
  };
}
