import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  type GoProgram,
  type GoProgramOptions,
  installGoProgram,
  moduleSource,
} from "../../../src/apply/go-program.ts";
import { UserError } from "../../../src/model/user-error.ts";

/** Files of the test cluster, all in the user's cache folder. */
export interface ClusterPrograms {
  readonly kind: "ready";
  readonly etcd: string;
  /** kube-apiserver, kube-controller-manager and kube-scheduler in one: it runs the one it is called by. */
  readonly controlPlane: string;
  readonly kwok: string;
  /** How KWOK plays nodes and pods. */
  readonly stages: readonly string[];
  /** Custom resource definitions of the Gateway API, standard channel. */
  readonly gatewayApi: readonly string[];
  /** Folder with `pulumi-resource-kubernetes`; null: no provider could be had. */
  readonly providerFolder: string | null;
}

/** Why there is no cluster to test on, in one line. */
export interface MissingPrograms {
  readonly kind: "missing";
  readonly reason: string;
}

export const KUBERNETES_VERSION = "1.34.4";
const HERE = import.meta.dirname;
const GATEWAY_API_VERSION = "1.4.1";
const KWOK_VERSION = "0.7.0";
const STAGES = ["node/fast", "node/heartbeat-with-lease", "pod/fast"];

/** The cluster for tests that TIERCAST_TEST_KUBERNETES names: a file that `build.ts` wrote. */
export function testedPrograms(): ClusterPrograms | MissingPrograms {
  const file = process.env["TIERCAST_TEST_KUBERNETES"];
  if (file === undefined || file === "")
    return { kind: "missing", reason: "needs a cluster: run `npm run test:kubernetes`" };
  return JSON.parse(readFileSync(file, "utf8")) as ClusterPrograms | MissingPrograms;
}

/** For the name of a group of tests that is skipped: its reason in parentheses, else nothing. */
export function whySkipped(programs: ClusterPrograms | MissingPrograms): string {
  return programs.kind === "missing" ? ` (${programs.reason})` : "";
}

/** Builds what the cache does not have (some 12 CPU minutes, from Go modules) and says where everything is. */
export async function installClusterPrograms(
  options: GoProgramOptions,
): Promise<Omit<ClusterPrograms, "providerFolder"> | MissingPrograms> {
  try {
    const gatewayApi = await keepFiles(
      "gateway-api",
      GATEWAY_API_VERSION,
      "sigs.k8s.io/gateway-api",
      options,
      ["config/crd/standard"],
    );
    const stageFolders = STAGES.map((name) => `kustomize/stage/${name}`);
    const stages = await keepFiles("kwok", KWOK_VERSION, "sigs.k8s.io/kwok", options, stageFolders);
    const etcd = await installGoProgram(ETCD, options);
    const kwok = await installGoProgram(KWOK, options);
    const controlPlane = await installGoProgram(CONTROL_PLANE, options);
    return { kind: "ready", etcd, controlPlane, kwok, stages, gatewayApi };
  } catch (error) {
    if (error instanceof UserError) return { kind: "missing", reason: error.message };
    throw error;
  }
}

const ETCD: GoProgram = {
  name: "etcd",
  version: "3.6.8",
  moduleFolder: join(HERE, "etcd"),
  importPath: "go.etcd.io/etcd/server/v3",
  variables: {},
};

const KWOK: GoProgram = {
  name: "kwok",
  version: KWOK_VERSION,
  moduleFolder: join(HERE, "kwok"),
  importPath: "sigs.k8s.io/kwok/cmd/kwok",
  variables: {},
};

const CONTROL_PLANE: GoProgram = {
  name: "kubernetes-control-plane",
  version: KUBERNETES_VERSION,
  moduleFolder: join(HERE, "control-plane"),
  importPath: "tiercast.dev/test/kubernetes/control-plane",
  // Without them the API server gives a version that clients cannot read.
  variables: Object.fromEntries(
    ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) => [
      [`${path}.gitVersion`, `v${KUBERNETES_VERSION}`],
      [`${path}.gitMajor`, KUBERNETES_VERSION.split(".")[0] ?? ""],
      [`${path}.gitMinor`, KUBERNETES_VERSION.split(".")[1] ?? ""],
      [`${path}.gitTreeState`, "clean"],
    ]),
  ),
};

/** Copies YAML files of a module into the cache, so that later runs need neither Go nor its module cache. */
async function keepFiles(
  moduleFolder: string,
  version: string,
  module: string,
  options: GoProgramOptions,
  folders: readonly string[],
): Promise<readonly string[]> {
  const place = join(options.cacheFolder, "programs", `${moduleFolder}-files`, version);
  if (!existsSync(place)) {
    const source = await moduleSource(join(HERE, moduleFolder), module, options);
    const draft = `${place}.${process.pid}`;
    mkdirSync(draft, { recursive: true });
    for (const folder of folders) copyManifests(join(source, folder), draft, folder.replaceAll("/", "-"));
    // Files of Go's module cache are read-only; whoever came first wins.
    if (existsSync(place)) rmSync(draft, { recursive: true, force: true });
    else renameSync(draft, place);
  }
  return readdirSync(place)
    .sort()
    .map((name) => join(place, name));
}

function copyManifests(from: string, to: string, prefix: string): void {
  for (const name of readdirSync(from)) {
    if (!name.endsWith(".yaml") || name === "kustomization.yaml") continue;
    const target = join(to, `${prefix}-${name}`);
    cpSync(join(from, name), target);
  }
}

/** Leaves the answer for the tests: a file whose path goes into TIERCAST_TEST_KUBERNETES. */
export function writePrograms(cacheFolder: string, programs: ClusterPrograms | MissingPrograms): string {
  const folder = join(cacheFolder, "programs");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "kubernetes-tests.json");
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(programs, undefined, 2)}\n`);
  renameSync(draft, file);
  return file;
}
