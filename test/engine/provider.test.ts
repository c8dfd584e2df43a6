import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callControl } from "../../src/local/control-client.ts";
import { type Endpoint, readEndpoint } from "../../src/local/endpoint-file.ts";
import { isSameProcess } from "../../src/local/process-identity.ts";
import { stopSupervisor } from "../../src/local/stop-supervisor.ts";
import type { PlatformState } from "../../src/model/platform.ts";
import type { LocalBaseInputs, StackInputs } from "../../src/model/stack-inputs.ts";
import { baseProgram } from "../../stacks/local/base-program.ts";
import { tierProgram } from "../../stacks/local/tier-program.ts";

const { TIERCAST_TEST_PULUMI: engineFile, PATH: path = "" } = process.env;
if (engineFile === undefined)
  process.stderr.write("provider test skipped: TIERCAST_TEST_PULUMI names no pulumi binary\n");

describe.skipIf(engineFile === undefined)("provider in the real engine", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-provider-"));
  const endpointFile = join(folder, "platform", "endpoint.json");
  const shims = join(folder, "bin");
  let endpoint: Endpoint;

  beforeAll(() => {
    for (const each of ["bin", "backend", "home", "tmp"]) mkdirSync(join(folder, each), { recursive: true });
    const main = join(import.meta.dirname, "../../stacks/local/provider-main.ts");
    const shim = join(shims, "pulumi-resource-tiercast");
    const flags = "--disable-warning=ExperimentalWarning";
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" ${flags} "${main}" "$@"\n`);
    chmodSync(shim, 0o755);
  });

  afterAll(async () => {
    await stopSupervisor(endpointFile);
    rmSync(folder, { recursive: true, force: true });
  });

  test("base up starts the supervisor", async () => {
    const result = await (await open("base", baseProgram(baseInputs()))).up();
    endpoint = readEndpoint(endpointFile) as Endpoint;
    expect(result.outputs["routerUrl"]?.value).toBe(endpoint.routerUrl);
    expect(isSameProcess(endpoint.pid, endpoint.startTime)).toBe(true);
  });

  test("tier up creates plan, tiers and warm pool", async () => {
    const result = await (await open("tiers", tierProgram(stackInputs(1, 2)))).up();
    expect(result.summary.resourceChanges).toMatchObject({ create: 6 });
    expect(result.outputs["sizes"]?.value).toEqual({ baseline: 2, predictive: 1, burst: 0, warm: 1 });
    expect(await wantedUnits()).toEqual({ baseline: 2, predictive: 1, burst: 0 });
  });

  test("the same inputs again change nothing", async () => {
    const result = await (await open("tiers", tierProgram(stackInputs(1, 2)))).up();
    expect(result.summary.resourceChanges).toEqual({ same: 6 });
  });

  test("a resize updates the plan and the one tier, and the pack can see the step", async () => {
    const stack = await open("tiers", tierProgram(stackInputs(2, 4)));
    const preview = await stack.preview();
    expect(preview.changeSummary).toEqual({ same: 4, update: 2 });
    await stack.up();
    expect(await wantedUnits()).toEqual({ baseline: 4, predictive: 1, burst: 0 });
    expect(await stateOf(stack, "baseline")).toMatchObject({ units: 4, unitsBefore: 2 });
  });

  test("refresh sees a size that was changed past the engine, and the next update puts it back", async () => {
    await callControl(endpointFile, "PUT", "/tiers/burst", { units: 3, planGeneration: 2 });
    const stack = await open("tiers", tierProgram(stackInputs(2, 4)));
    const refresh = await stack.refresh();
    expect(refresh.summary.resourceChanges).toMatchObject({ update: 1 });
    expect(await stateOf(stack, "burst")).toMatchObject({ units: 3 });
    await stack.up();
    expect(await wantedUnits()).toMatchObject({ burst: 0 });
  });

  test("a stale plan is refused before any size is written", async () => {
    await callControl(endpointFile, "PUT", "/plan", { ...planBody(9), decisionId: "newer" });
    const stack = await open("tiers", tierProgram(stackInputs(3, 6)));
    await expect(stack.up()).rejects.toThrow(/stale plan: generation 3 is refused.*generation 9/);
    expect(await wantedUnits()).toMatchObject({ baseline: 4 });
    await (await open("tiers", tierProgram(stackInputs(10, 5)))).up();
    expect(await wantedUnits()).toMatchObject({ baseline: 5 });
  });

  test("a killed supervisor: refresh fails instead of forgetting, base up starts it with its sizes", async () => {
    process.kill(endpoint.pid, "SIGKILL");
    while (isSameProcess(endpoint.pid, endpoint.startTime)) await new Promise((done) => setTimeout(done, 10));
    const stack = await open("tiers", tierProgram(stackInputs(10, 5)));
    await expect(stack.refresh()).rejects.toThrow(/cannot reach the supervisor/);
    expect(await stateOf(stack, "baseline")).toMatchObject({ units: 5 });
    await (await open("base", baseProgram(baseInputs()))).up();
    expect(await wantedUnits()).toEqual({ baseline: 5, predictive: 1, burst: 0 });
    endpoint = readEndpoint(endpointFile) as Endpoint;
  });

  test("destroy leaves no process and no file", async () => {
    await (await open("tiers", tierProgram(stackInputs(10, 5)))).destroy();
    expect(await wantedUnits()).toEqual({ baseline: 0, predictive: 0, burst: 0 });
    await (await open("base", baseProgram(baseInputs()))).destroy();
    expect(isSameProcess(endpoint.pid, endpoint.startTime)).toBe(false);
    expect(existsSync(endpointFile)).toBe(false);
  });

  async function open(name: string, program: () => Promise<Record<string, unknown>>): Promise<Stack> {
    const pulumiCommand = await PulumiCommand.get({ root: pulumiRoot(), skipVersionCheck: true });
    const workDir = join(folder, `work-${name}`);
    mkdirSync(workDir, { recursive: true });
    return LocalWorkspace.createOrSelectStack(
      { stackName: name, projectName: "tiercast-test", program },
      {
        pulumiCommand,
        workDir,
        pulumiHome: join(folder, "home"),
        projectSettings: {
          name: "tiercast-test",
          runtime: "nodejs",
          backend: { url: `file://${folder}/backend` },
        },
        envVars: {
          PATH: `${shims}${delimiter}${path}`,
          PULUMI_CONFIG_PASSPHRASE: "test",
          PULUMI_SKIP_UPDATE_CHECK: "true",
          TMPDIR: join(folder, "tmp"),
        },
      },
    );
  }

  /** The Automation API wants a folder with bin/pulumi in it. */
  function pulumiRoot(): string {
    const root = join(folder, "engine");
    mkdirSync(join(root, "bin"), { recursive: true });
    writeFileSync(join(root, "bin", "pulumi"), `#!/bin/sh\nexec "${engineFile}" "$@"\n`, { mode: 0o755 });
    return root;
  }

  async function stateOf(stack: Stack, name: string): Promise<unknown> {
    const { resources } = (await stack.exportStack()).deployment as {
      resources: { urn: string; inputs: unknown }[];
    };
    return resources.find(({ urn }) => urn.endsWith(`::${name}`))?.inputs;
  }

  async function wantedUnits(): Promise<unknown> {
    const { tiers } = (await callControl(endpointFile, "GET", "/state")) as PlatformState;
    return Object.fromEntries(Object.entries(tiers).map(([tier, { wantedUnits }]) => [tier, wantedUnits]));
  }

  function planBody(planGeneration: number) {
    return { planGeneration, decisionId: `d${planGeneration}`, cutoffMs: 1_000, observedUnits: 2 };
  }

  function stackInputs(planGeneration: number, baselineUnits: number): StackInputs {
    return {
      service: "demo",
      platform: "local",
      ...planBody(planGeneration),
      tiers: {
        baseline: { units: baselineUnits, priceUsdPerUnitHour: 0.1 },
        predictive: { units: 1, priceUsdPerUnitHour: 0.15 },
        burst: { units: 0, priceUsdPerUnitHour: 0.3 },
      },
      warm: {
        units: 1,
        priceUsdPerUnitHour: 0.04,
        ttlWallMs: 60_000,
        expiresMs: 601_000,
        reason: "wide interval",
      },
      tags: { owner: "sre" },
      endpointFile,
    };
  }

  function baseInputs(): LocalBaseInputs {
    return {
      service: "demo",
      platform: "local",
      endpointFile,
      logFile: join(folder, "platform", "supervisor.log"),
      routerPort: 0,
      slotsPerUnit: 4,
      serviceTimeMs: 20,
      latencyObjectiveMs: 100,
      startMedianMs: 50,
      startSigma: 0.2,
      drainMs: 500,
      queueLimit: 100,
      maxUnits: 20,
      tags: {},
    };
  }
});
