import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import kubernetes from "@pulumi/kubernetes/index.js";
import {
  LocalWorkspace,
  type ProjectSettings,
  PulumiCommand,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "./cluster/cluster.ts";
import { testedPrograms, whySkipped } from "./cluster/programs.ts";
import { budgetOf, readyReplicas, scaler, scalerOf, untilReady, workloadOf } from "./objects.ts";

const programs = testedPrograms();
const engineFile = process.env["TIERCAST_TEST_PULUMI"];
const why =
  whySkipped(programs) ||
  (engineFile === undefined ? " (needs the Pulumi engine: run `npm run test:kubernetes`)" : "") ||
  (programs.kind === "ready" && programs.providerFolder === null
    ? " (no Pulumi provider for Kubernetes)"
    : "");
const SHAPE = { name: "shop", cpu: "250m", memory: "128Mi", minReplicas: 3, maxReplicas: 20 };

describe.skipIf(why !== "")(`the real provider${why}`, { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-pulumi-"));
  let cluster: Cluster;
  beforeAll(async () => {
    if (programs.kind === "ready") cluster = await startCluster({ programs, gatewayApi: false });
  }, 180_000);
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test("the first update makes Deployment, HPA and PodDisruptionBudget", async () => {
    const stack = await openStack(3);
    const { summary } = await timed("first update", () => stack.up());
    expect(summary.resourceChanges).toEqual({ create: 5 });
    await untilReady(cluster.client, SHAPE.name, 3);
  });

  test("a higher floor is previewed as a diff of the HPA alone", async () => {
    const stack = await openStack(8);
    const lines: string[] = [];
    const preview = await timed("preview", () =>
      stack.preview({ diff: true, onOutput: (text) => lines.push(text) }),
    );
    expect(preview.changeSummary).toEqual({ same: 4, update: 1 });
    expect(lines.join("")).toMatch(/minReplicas: 3 => 8/);
    expect((await scaler(cluster.client, SHAPE.name)).spec.minReplicas).toBe(3);
    expect(await readyReplicas(cluster.client, SHAPE.name)).toBe(3);
  });

  test("applied, the cluster follows", async () => {
    const { summary } = await timed("update", async () => (await openStack(8)).up());
    expect(summary.resourceChanges).toEqual({ same: 4, update: 1 });
    const readyMs = await untilReady(cluster.client, SHAPE.name, 8);
    report(`update done to 8 ready pods: ${readyMs} ms`);
    expect((await scaler(cluster.client, SHAPE.name)).spec.minReplicas).toBe(8);
  });

  test("nothing to do changes nothing", async () => {
    const { summary } = await timed("update without a change", async () => (await openStack(8)).up());
    expect(summary.resourceChanges).toEqual({ same: 5 });
  });

  test("an API server that does not answer fails the refresh and forgets nothing", async () => {
    await cluster.apiServer.stop();
    const stack = await openStack(8);
    await expect(stack.refresh()).rejects.toThrow();
    await cluster.apiServer.start();
    const { resources } = (await stack.exportStack()).deployment as { resources: { type: string }[] };
    expect(resources.map(({ type }) => type)).toContain("kubernetes:apps/v1:Deployment");
  });

  test("destroyed, the cluster has none of it", async () => {
    await (await openStack(8)).destroy();
    const { items } = await cluster.client.get("/apis/apps/v1/namespaces/default/deployments");
    expect(items).toEqual([]);
  });

  async function openStack(minReplicas: number): Promise<Stack> {
    const workDir = join(folder, "work");
    mkdirSync(workDir, { recursive: true });
    mkdirSync(join(folder, "backend"), { recursive: true });
    return LocalWorkspace.createOrSelectStack(
      { stackName: "real", projectName: "tiercast-kubernetes", program: programOf(cluster, minReplicas) },
      {
        pulumiCommand: await PulumiCommand.get({ root: pulumiRoot(), skipVersionCheck: true }),
        workDir,
        pulumiHome: join(folder, "home"),
        projectSettings: projectSettings(),
        envVars: { PULUMI_CONFIG_PASSPHRASE: "test", PULUMI_SKIP_UPDATE_CHECK: "true" },
      },
    );
  }

  function projectSettings(): ProjectSettings {
    const path = programs.kind === "ready" ? programs.providerFolder : null;
    const settings = {
      name: "tiercast-kubernetes",
      runtime: "nodejs",
      backend: { url: `file://${folder}/backend` },
      plugins: { providers: [{ name: "kubernetes", path }] },
    };
    return settings as ProjectSettings;
  }

  /** The Automation API wants a folder with bin/pulumi in it. */
  function pulumiRoot(): string {
    const root = join(folder, "engine");
    mkdirSync(join(root, "bin"), { recursive: true });
    writeFileSync(join(root, "bin", "pulumi"), `#!/bin/sh\nexec "${engineFile}" "$@"\n`, { mode: 0o755 });
    return root;
  }
});

function programOf(cluster: Cluster, minReplicas: number) {
  return async () => {
    const provider = new kubernetes.Provider("cluster", {
      kubeconfig: readFileSync(cluster.kubeconfig, "utf8"),
      enableServerSideApply: true,
    });
    const options = { provider };
    const shape = { ...SHAPE, minReplicas };
    // Its HPA owns the replicas: the provider would wait for one, and then correct it.
    const workload = new kubernetes.apps.v1.Deployment("shop", workloadOf(shape), options);
    new kubernetes.autoscaling.v2.HorizontalPodAutoscaler("shop", scalerOf(shape), {
      ...options,
      dependsOn: [workload],
    });
    new kubernetes.policy.v1.PodDisruptionBudget("shop", budgetOf(shape), options);
    return {};
  };
}

async function timed<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
  const beganMs = performance.now();
  const result = await run();
  report(`${what}: ${Math.round(performance.now() - beganMs)} ms`);
  return result;
}

function report(text: string): void {
  process.stderr.write(`${text}\n`);
}
