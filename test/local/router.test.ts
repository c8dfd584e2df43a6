import { get } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { createRouter, freeUnit, type Router, type RouterSettings } from "../../src/local/router.ts";
import { createTrafficRing } from "../../src/local/traffic-ring.ts";
import type { ServingUnit } from "../../src/local/unit-pool.ts";
import type { Tier } from "../../src/model/tier.ts";

/** A unit that answers when told to. */
interface FakeUnit extends ServingUnit {
  answer(body?: string): void;
  readonly pending: ((body: string | undefined) => void)[];
}

function fakeUnit(tier: Tier, outstanding = 0): FakeUnit {
  const pending: ((body: string | undefined) => void)[] = Array.from(
    { length: outstanding },
    () => () => undefined,
  );
  return {
    tier,
    pending,
    answer: (body) => pending.shift()?.(body),
    process: {
      outstanding: () => pending.length,
      request: (_path, _waitMs, done) => void pending.push(done),
    },
  };
}

describe("freeUnit", () => {
  test.each<[string, readonly [Tier, number][], number | undefined]>([
    [
      "fewest requests wins, whatever its tier",
      [
        ["baseline", 2],
        ["burst", 1],
      ],
      1,
    ],
    [
      "of equals the cheaper tier",
      [
        ["baseline", 1],
        ["predictive", 1],
        ["burst", 1],
      ],
      0,
    ],
    [
      "a full unit is not free",
      [
        ["baseline", 3],
        ["burst", 2],
      ],
      1,
    ],
    [
      "all full",
      [
        ["baseline", 3],
        ["burst", 3],
      ],
      undefined,
    ],
    ["no unit", [], undefined],
  ])("%s", (_name, units, expected) => {
    const serving = units.map(([tier, outstanding]) => fakeUnit(tier, outstanding));
    expect(freeUnit(serving, 3)).toBe(expected === undefined ? undefined : serving[expected]);
  });
});

describe("router", () => {
  const settings: RouterSettings = { slotsPerUnit: 2, queueLimit: 2, latencyObjectiveMs: 100 };
  let router: Router;
  let url: string;
  let nowMs = 1_000_000;
  let units: FakeUnit[];
  const traffic = createTrafficRing();

  async function open(serving: FakeUnit[]): Promise<void> {
    nowMs += 100_000;
    units = serving;
    router = createRouter({
      serving: () => units,
      settings: () => settings,
      drawServiceMs: () => 20,
      traffic,
      wallMs: () => nowMs,
      nowMs: () => nowMs,
    });
    const tick = () =>
      traffic.tick(nowMs, { byTier: { baseline: units.length, predictive: 0, burst: 0 }, warm: 0 });
    tick();
    nowMs += 1_000;
    tick();
    url = `http://127.0.0.1:${await router.listen(0)}`;
  }

  afterEach(() => router.close(0));

  function ask(path = "/JFK"): Promise<{ status: number; body: string; tier: unknown }> {
    return new Promise((resolve, reject) => {
      get(`${url}${path}`, { agent: false }, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body, tier: response.headers["x-tiercast-tier"] }),
        );
      }).on("error", reject);
    });
  }

  async function until(condition: () => boolean): Promise<void> {
    await expect.poll(condition, { interval: 2, timeout: 2_000 }).toBe(true);
  }

  test("spreads over units and says which tier served", async () => {
    const [a, b] = [fakeUnit("baseline"), fakeUnit("burst")];
    await open([a, b]);
    const answers = [ask(), ask()];
    await until(() => a.pending.length === 1 && b.pending.length === 1);
    b.answer("second");
    a.answer("first");
    const found = await Promise.all(answers);
    expect(found.map(({ status, tier }) => `${status} ${tier}`).sort()).toEqual([
      "200 baseline",
      "200 burst",
    ]);
  });

  test("overload waits in order, and past the limit is turned away", async () => {
    const unit = fakeUnit("baseline");
    await open([unit]);
    const served: string[] = [];
    const asked: Promise<unknown>[] = [];
    for (const path of ["/a", "/b", "/c", "/d"]) {
      const before = unit.pending.length + router.queued();
      asked.push(ask(path).then(() => served.push(path)));
      await until(() => unit.pending.length + router.queued() > before);
    }
    expect([unit.pending.length, router.queued()]).toEqual([2, 2]);
    const refused = await ask("/e");
    expect(refused.status).toBe(503);
    nowMs += 150;
    for (let each = 0; each < 4; each++) {
      unit.answer("x");
      await until(() => served.length === each + 1);
    }
    expect(served).toEqual(["/a", "/b", "/c", "/d"]);
    await Promise.all(asked);
    nowMs += 1_000;
    const [sample] = traffic.samples(nowMs - 2_000, nowMs);
    expect(sample).toMatchObject({ arrived: 5, served: 4, failed: 1, late: 4, readyUnits: 1 });
    expect(sample?.p50Ms).toBeGreaterThan(130);
    expect(sample?.p50Ms).toBeLessThan(175);
  });

  test("a unit that ends fails its requests, not those of others", async () => {
    const [a, b] = [fakeUnit("baseline"), fakeUnit("baseline")];
    await open([a, b]);
    const answers = [ask(), ask()];
    await until(() => a.pending.length === 1 && b.pending.length === 1);
    a.answer(undefined);
    b.answer("fine");
    expect((await Promise.all(answers)).map(({ status }) => status).sort()).toEqual([200, 502]);
  });

  test("no units: requests wait and are served when one is ready", async () => {
    await open([]);
    const answer = ask();
    await until(() => router.queued() === 1);
    const unit = fakeUnit("predictive");
    units = [unit];
    router.pump();
    unit.answer("late");
    expect(await answer).toMatchObject({ status: 200, tier: "predictive" });
  });

  test("a client that goes away frees its place in the queue", async () => {
    await open([]);
    const request = get(`${url}/gone`, { agent: false });
    request.on("error", () => undefined);
    await until(() => router.queued() === 1);
    request.destroy();
    await until(() => router.queued() === 0);
  });

  test("moves to another port without losing what is being served", async () => {
    const unit = fakeUnit("baseline");
    await open([unit]);
    const answer = ask();
    await until(() => unit.pending.length === 1);
    url = `http://127.0.0.1:${await router.listen(0)}`;
    unit.answer("old port");
    expect((await answer).status).toBe(200);
  });
});
