import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { CustomResource, type Output } from "@pulumi/pulumi";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { POLICIES, policyConfig } from "../../policies/names.ts";
import { LIMITS } from "../policies/plan-fixture.ts";

const PULUMI = process.env["TIERCAST_TEST_PULUMI"];
const SKIP_REASON =
  "needs the Pulumi engine: set TIERCAST_TEST_PULUMI to a pulumi binary (npm run ci-test does)";
const PACK = join(import.meta.dirname, "../../policies");
const TAGS = { owner: "shop-team", service: "shop" };

interface Violation {
  readonly policyName: string;
  readonly enforcementLevel: string;
  readonly message: string;
}

interface Judged {
  readonly resourceUrn?: string;
  readonly passed?: readonly string[];
  readonly failed?: readonly string[];
}

/** The policy part of an engine event; the Automation API's own type lacks the summaries. */
interface PolicyEvents {
  readonly policyEvent?: Violation;
  readonly policyAnalyzeSummaryEvent?: Judged;
  readonly policyAnalyzeStackSummaryEvent?: Judged;
}

interface Run {
  readonly ok: boolean;
  readonly text: string;
  readonly violations: readonly Violation[];
  readonly judged: readonly Judged[];
  readonly stackJudged: readonly Judged[];
}

class TrialResource extends CustomResource {}

type Config = Readonly<Record<string, unknown>>;
type Sizes = readonly [baseline: number, predictive: number, burst: number];

describe.skipIf(PULUMI === undefined)(`policy pack in the engine (${PULUMI ?? SKIP_REASON})`, () => {
  let folder = "";
  let stack: Stack;
  let sizes: Sizes = [4, 2, 0];
  let burstUnknown = false;
  let withoutBurst = false;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tiercast-pack-"));
    writeShims(folder);
    stack = await LocalWorkspace.createOrSelectStack(
      {
        stackName: "tiers",
        projectName: "pack-trial",
        program: async () => program(sizes, burstUnknown, withoutBurst),
      },
      {
        workDir: folder,
        pulumiHome: join(folder, "home"),
        pulumiCommand: await PulumiCommand.get({ root: folder }),
        projectSettings: {
          name: "pack-trial",
          runtime: "nodejs",
          backend: { url: `file://${join(folder, "state")}` },
        },
        envVars: {
          PATH: [join(folder, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
          PULUMI_CONFIG_PASSPHRASE: "trial",
          PULUMI_SKIP_UPDATE_CHECK: "true",
        },
      },
    );
    const first = await run("up", policyConfig(LIMITS));
    expect(first.text).toBe("");
    expect(first.ok).toBe(true);
  });

  afterAll(() => {
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
  });

  async function run(kind: "preview" | "up", config: Config): Promise<Run> {
    const configFile = join(folder, "policy-config.json");
    writeFileSync(configFile, JSON.stringify(config));
    const events: PolicyEvents[] = [];
    const options = {
      policyPacks: [PACK],
      policyPackConfigs: [configFile],
      onEvent: (event: object) => void events.push(event),
    };
    const text = await stack[kind](options).then(
      () => "",
      (error: unknown) => String(error),
    );
    return {
      ok: text === "",
      text,
      violations: events.flatMap((event) => event.policyEvent ?? []),
      judged: events.flatMap((event) => event.policyAnalyzeSummaryEvent ?? []),
      stackJudged: events.flatMap((event) => event.policyAnalyzeStackSummaryEvent ?? []),
    };
  }

  async function previewOf(wanted: Sizes, config: Config = policyConfig(LIMITS)): Promise<Run> {
    sizes = wanted;
    return run("preview", config);
  }

  test("a plan inside the limits passes, and each policy leaves evidence that it looked", async () => {
    const result = await previewOf([4, 6, 2]);
    expect(result).toMatchObject({ ok: true, violations: [] });
    // This plan has no warm pool, and no object of a cluster, for the others to look at.
    const looking = POLICIES.filter(
      ({ name, types }) => !name.startsWith("warm-") && !(types[0] ?? "").startsWith("kubernetes:"),
    );
    expect(looking.length).toBeGreaterThan(10);
    for (const policy of looking) {
      const runs = policy.scope === "stack" ? result.stackJudged : judgedOf(result, policy.types[0] ?? "");
      expect(runs.length, policy.name).toBeGreaterThan(0);
      for (const judged of runs) expect(judged.passed, policy.name).toContain(policy.name);
    }
  });

  test("a violation fails the preview with the pack's words, before anything changes", async () => {
    const result = await previewOf([4, 12, 0]);
    expect(result.ok).toBe(false);
    expect(result.violations.map(({ policyName }) => policyName)).toEqual(["step-up-max"]);
    expect(result.violations[0]).toMatchObject({ enforcementLevel: "mandatory" });
    expect(result.text).toContain("Tier predictive grows by 10 units in one update, at most 4 are allowed");
  });

  test("the step is measured from the engine's own state, also for a tier that did not change lately", async () => {
    const result = await previewOf([1, 2, 0]);
    expect(result.violations.map(({ policyName }) => policyName).toSorted()).toEqual([
      "baseline-min",
      "step-down-max",
    ]);
    expect(result.text).toContain("Tier baseline shrinks by 3 units in one update (4 to 1)");
  });

  test("a tier that is gone is refused", async () => {
    withoutBurst = true;
    const result = await previewOf([4, 2, 0]);
    withoutBurst = false;
    expect(result.ok).toBe(false);
    expect(result.text).toContain("The stack has 0 resources for tier burst, exactly 1 is required");
  });

  test("an update that was never previewed is stopped at the tier that breaks a limit", async () => {
    sizes = [11, 2, 0];
    const result = await run("up", policyConfig(LIMITS));
    expect(result.ok).toBe(false);
    expect(result.text).toContain("Tier baseline asks for 11 units, at most 10 are allowed");
    const state = await stack.exportStack();
    expect(JSON.stringify(state.deployment)).not.toContain('"units":11');
  });

  test("downgraded to advisory the run succeeds, and the evidence shows it", async () => {
    const result = await previewOf([4, 12, 0], {
      ...policyConfig(LIMITS),
      "step-up-max": { maxStepUpUnits: 4, enforcementLevel: "advisory" },
    });
    expect(result.ok).toBe(true);
    expect(result.violations).toMatchObject([{ policyName: "step-up-max", enforcementLevel: "advisory" }]);
    expect(result.stackJudged).toMatchObject([{ failed: ["step-up-max"] }]);
  });

  test("disabled, a policy is missing from the evidence", async () => {
    const result = await previewOf([4, 12, 0], {
      ...policyConfig(LIMITS),
      "step-up-max": { maxStepUpUnits: 4, enforcementLevel: "disabled" },
    });
    expect(result.ok).toBe(true);
    expect(result.stackJudged[0]?.passed).not.toContain("step-up-max");
    expect(result.stackJudged[0]?.failed ?? []).not.toContain("step-up-max");
  });

  test("without its limits no policy guesses: the run fails", async () => {
    const { "total-units-max": _left, ...rest } = policyConfig(LIMITS);
    const result = await previewOf([4, 2, 0], rest);
    expect(result.ok).toBe(false);
    expect(result.text).toContain("total-units-max: maxTotalUnits is required");
  });

  test("a size that is not known before the update is refused, not skipped", async () => {
    burstUnknown = true;
    const result = await previewOf([4, 2, 0]);
    burstUnknown = false;
    expect(result.ok).toBe(false);
    expect(result.violations.every(({ enforcementLevel }) => enforcementLevel === "mandatory")).toBe(true);
    expect(result.text).toContain("units of Tier burst cannot be checked: it is not known before the update");
  });
});

function judgedOf(run: Run, type: string): readonly Judged[] {
  return run.judged.filter((judged) => judged.resourceUrn?.includes(`::${type}::`));
}

async function program(sizes: Sizes, burstUnknown: boolean, withoutBurst: boolean): Promise<void> {
  new TrialResource("tiercast:local:Plan", "plan", {
    service: "shop",
    planGeneration: 1,
    decisionId: "d-1",
    cutoffMs: 0,
    observedUnits: 6,
    tags: TAGS,
  });
  const tiers = ["baseline", "predictive", "burst"] as const;
  for (const [index, tier] of tiers.entries()) {
    if (tier === "burst" && withoutBurst) continue;
    const units = tier === "burst" && burstUnknown ? unknownUnits() : sizes[index];
    new TrialResource("tiercast:local:Tier", tier, {
      service: "shop",
      tier,
      units,
      unitsBefore: null,
      priceUsdPerUnitHour: LIMITS.priceUsdPerUnitHour[tier],
      tags: TAGS,
    });
  }
}

/** A number that nobody knows before the update: made from the id of a resource that is yet to be created. */
function unknownUnits(): Output<number> {
  return new TrialResource("tiercast:local:Platform", "yet-to-come", { tags: TAGS }).id.apply(
    (id) => id.length,
  );
}

function writeShims(folder: string): void {
  const bin = join(folder, "bin");
  for (const name of ["bin", "home", "state"]) mkdirSync(join(folder, name));
  if (PULUMI !== undefined) symlinkSync(PULUMI, join(bin, "pulumi"));
  shim(join(bin, "pulumi-analyzer-policy-tiercast"), '"$PWD/index.ts"');
  shim(join(bin, "pulumi-resource-tiercast"), `"${join(import.meta.dirname, "trial-provider.ts")}"`);
}

function shim(file: string, entry: string): void {
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" ${entry} "$@"\n`);
  chmodSync(file, 0o755);
}
