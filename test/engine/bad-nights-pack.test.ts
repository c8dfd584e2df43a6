import { appendFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, NO_ENGINE, openRealNight, PULUMI, type RealNight, visit } from "./real-night.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LOW_RPS = 18;
const HIGH_RPS = 48;

/** A pack that somebody weakens: what it would let through is refused all the same. */
describe.skipIf(PULUMI === undefined)(
  `a weakened policy pack (${PULUMI ?? NO_ENGINE})`,
  { timeout: 120_000 },
  () => {
    let night: RealNight;

    beforeAll(() => {
      night = openRealNight();
      // Packs find the policy SDK from where they lie.
      symlinkSync(join(ROOT, "node_modules"), join(night.folder, "node_modules"));
      night.demand(LOW_RPS);
    });

    afterAll(async () => {
      await night?.close();
    }, 60_000);

    /** The shipped pack, in a folder of its own, in force from the next start on. */
    function usePack(name: string): string {
      const pack = join(night.folder, "packs", name);
      mkdirSync(join(night.folder, "packs"), { recursive: true });
      cpSync(join(ROOT, "policies"), pack, { recursive: true });
      night.config([`policies: { pack: ${JSON.stringify(pack)} }`]);
      return pack;
    }

    /** Its configuration weakens the policies that would speak up, as a user's own pack might. */
    function setLevel(pack: string, level: string): void {
      const text = [
        `export { PACK_NAME, POLICIES } from "./names-as-shipped.ts";`,
        `import { policyConfig as asShipped } from "./names-as-shipped.ts";`,
        `export function policyConfig(limits) {`,
        `  const weak = { enforcementLevel: "${level}" };`,
        `  const config = asShipped(limits);`,
        `  for (const name of ["total-units-max", "burst-reserve"]) config[name] = { ...config[name], ...weak };`,
        `  return config;`,
        `}`,
      ];
      cpSync(join(pack, "names.ts"), join(pack, "names-as-shipped.ts"));
      writeFileSync(join(pack, "names.ts"), text.join("\n"));
    }

    async function settle(rps: number): Promise<void> {
      await eventually(
        `sizes settled on ${rps} requests/s`,
        async () => {
          const kept = night.kept();
          const total = await night.wantedTotal();
          const fits = total >= rps / 10 && (rps === HIGH_RPS || total <= 4);
          return fits && kept?.lastCycle?.outcome === "no-change";
        },
        100_000,
        300,
      );
    }

    test("edited while the daemon runs: refused until somebody who means it restarts", async () => {
      const pack = usePack("edited");
      const daemon = night.start();
      await settle(LOW_RPS);
      const before = await night.wantedTotal();
      const visitor = visit(night.endpointFile);
      appendFileSync(join(pack, "total-units-max.ts"), "\n// just a comment\n");
      night.demand(HIGH_RPS);
      const kept = await eventually("the status says why", () => {
        const status = night.kept();
        return status?.lastCycle?.outcome === "no-policy-evidence" ? status : undefined;
      });
      expect(kept.lastError?.message).toMatch(
        /the policy pack in .* was edited since the daemon started: restart it/,
      );
      expect(await night.status()).toMatchObject({ daemon: { kind: "running" } });
      expect(await night.wantedTotal()).toBe(before);
      expect(await daemon.end("SIGTERM")).toBe(0);
      const next = night.start();
      await settle(HIGH_RPS);
      await visitor.stop();
      expect(visitor.failures).toEqual([]);
      expect(await next.end("SIGTERM")).toBe(0);
    });

    test.each([
      ["advisory", "policy-violation", /total-units-max: .*at most 3 are allowed/],
      ["disabled", "no-policy-evidence", /policy total-units-max did not run/],
    ])("%s by its configuration: refused", async (level, kind, words) => {
      setLevel(usePack(level), level);
      const before = await night.wantedTotal();
      night.demand(before * 10 + 25);
      await sleep(2_500);
      const once = await night.cli(["once", "-o", "json"], {
        TIERCAST_POLICIES__LIMITS__MAX_TOTAL_UNITS: "3",
      });
      expect(once.code).toBe(5);
      const { record } = JSON.parse(once.stdout) as { record: { apply: { kind: string } } };
      expect(record.apply.kind).toBe(kind);
      expect(JSON.stringify(record.apply)).toMatch(words);
      expect(await night.wantedTotal()).toBe(before);
    });
  },
);
