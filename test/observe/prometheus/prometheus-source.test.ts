import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DAY_MS, durationMs, epochMs } from "../../../src/model/time.ts";
import { openDemandSource } from "../../../src/observe/open-source.ts";
import { createPrometheusSource } from "../../../src/observe/prometheus/prometheus-source.ts";
import {
  movedTo,
  noParts,
  runsToAsk,
  type StepParts,
  summed,
  withAnswer,
} from "../../../src/observe/prometheus/step-parts.ts";
import { type FakeServer, matrixOf, sendJson, startFake, testQuery } from "./fake-server.ts";

const MINUTE = 60_000;
const HISTORY = 2 * DAY_MS;
/** A step begins here; the fake's clock is not looked at. */
const NOW = Math.floor(Date.now() / MINUTE) * MINUTE - 2 * DAY_MS;
let server: FakeServer;

beforeAll(async () => {
  server = await startFake();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.requests.length = 0;
  server.answer(matrixOf((step) => step % 1000));
});

function openSource(change: Parameters<typeof testQuery>[1] = {}) {
  const warnings: string[] = [];
  const query = testQuery(server.url, change);
  const source = createPrometheusSource({
    ...query,
    staleAfterMs: 5 * MINUTE,
    onWarning: (line) => warnings.push(line),
  });
  const at = (minutes: number, historyMs = HISTORY) =>
    source.read(epochMs(NOW + minutes * MINUTE), historyMs);
  return { source, warnings, at };
}

/** Steps that were asked for since the last look, and how many requests it took. */
function askedSteps(): { readonly steps: number; readonly requests: number } {
  const steps = server.requests.reduce((sum, { parameters }) => {
    return sum + (Number(parameters.get("end")) - Number(parameters.get("start"))) / 60 + 1;
  }, 0);
  const requests = server.requests.length;
  server.requests.length = 0;
  return { steps, requests };
}

describe("the source", () => {
  test("reads the history once, then new steps and the last ten minutes", async () => {
    const { at } = openSource();
    const first = await at(0.5);
    expect(first.values).toHaveLength(2880);
    expect(first.startMs + first.values.length * MINUTE).toBe(NOW);
    expect(askedSteps()).toEqual({ steps: 2880, requests: 1 });
    const second = await at(1.2);
    expect(askedSteps()).toEqual({ steps: 11, requests: 1 });
    expect(second.startMs).toBe(first.startMs + MINUTE);
    expect(second.values.at(-1)).toBe((NOW / MINUTE) % 1000);
    await at(61);
    expect(askedSteps()).toEqual({ steps: 70, requests: 1 });
  });

  test("late samples replace what was known; a gap does not", async () => {
    const { at } = openSource();
    await at(0);
    const last = NOW / MINUTE - 1;
    server.answer(matrixOf((step) => (step === last ? 555.5 : step === last - 1 ? undefined : 1)));
    const { values } = await at(1);
    expect([...values.slice(-4)]).toEqual([1, (last - 1) % 1000, 555.5, 1]);
  });

  test("gaps at the end are asked for again until they are filled, a day back at most", async () => {
    const { at } = openSource();
    const full = matrixOf((step) => step % 1000);
    const until = NOW / MINUTE;
    server.answer(matrixOf((step) => (step < until ? 1 : undefined)));
    await at(0);
    const later = await at(120);
    expect(later.values.slice(-120).every(Number.isNaN)).toBe(true);
    askedSteps();
    server.answer(full);
    const filled = await at(121);
    expect(filled.values.some(Number.isNaN)).toBe(false);
    expect(askedSteps().steps).toBeLessThan(135);
  });

  test("one outage is bridged while demand is fresh, said once; then it is an error; then all is filled", async () => {
    const { at, warnings } = openSource();
    await at(0);
    const good = matrixOf(() => 3);
    server.answer((_, response) => response.writeHead(503).end());
    for (const minutes of [1, 2, 3, 4, 5]) {
      const { values } = await at(minutes);
      expect(values.slice(-minutes).every(Number.isNaN)).toBe(true);
      expect(values.at(-minutes - 1)).not.toBeNaN();
    }
    expect(warnings).toHaveLength(1);
    await expect(at(6)).rejects.toThrow(/503, 4 times/);
    server.answer(good);
    expect([...(await at(7)).values.slice(-7)]).toEqual([3, 3, 3, 3, 3, 3, 3]);
    server.answer((_, response) => response.writeHead(503).end());
    await at(8);
    expect(warnings).toHaveLength(2);
  });

  test("what an old piece lacks is asked for again; demand now is there meanwhile", async () => {
    const { at, warnings } = openSource({ connection: { timeoutMs: durationMs(1_000) } });
    const good = matrixOf(() => 3);
    const isOld = (end: number) => end * 1000 < NOW - 8 * DAY_MS;
    server.answer((request, response) => {
      if (isOld(Number(request.parameters.get("end")))) response.writeHead(500).end();
      else good(request, response);
    });
    const short = await at(0, 20 * DAY_MS);
    expect(short.values.length).toBe(20_000);
    expect(warnings).toEqual([expect.stringMatching(/500, 4 times/)]);
    server.answer(good);
    const whole = await at(1, 20 * DAY_MS);
    expect(whole.values.length).toBe(20 * 1440);
  });

  test("down from the start, a bad query, nothing there: each read rejects with one line", async () => {
    const { at } = openSource();
    server.answer((_, response) => response.writeHead(500).end());
    await expect(at(0)).rejects.toThrow(/^prometheus http:\S+: 500, 4 times$/);
    server.answer((_, response) =>
      sendJson(response, { status: "error", errorType: "bad_data", error: "parse error" }, 400),
    );
    await expect(at(0)).rejects.toThrow(/bad query: parse error/);
    server.answer(matrixOf());
    await expect(at(0)).rejects.toThrow(/has no data in the last 2d/);
    server.answer(matrixOf(() => 3));
    expect((await at(0)).values).toHaveLength(2880);
  });

  test("a second series is never demand, not even a while", async () => {
    const { at } = openSource();
    await at(0);
    server.answer(
      matrixOf(
        () => 1,
        () => 2,
      ),
    );
    await expect(at(1)).rejects.toThrow(/gives \d series where one is due/);
    server.answer(matrixOf((step) => step % 1000));
    await expect(at(2)).rejects.toThrow(/series where one is due/);
  });

  test("with aggregate: sum, a part that is missing is a gap; after a day it is gone", async () => {
    const { at } = openSource({ aggregate: "sum" });
    const end = NOW / MINUTE - 3;
    server.answer(
      matrixOf(
        () => 10,
        (step) => (step >= end ? undefined : 5),
      ),
    );
    const { values } = await at(0);
    expect([...values.slice(-5)]).toEqual([15, 15, NaN, NaN, NaN]);
    const later = await at(DAY_MS / MINUTE + 1);
    expect(later.values.at(-1)).toBe(10);
    expect(later.values.some(Number.isNaN)).toBe(false);
  });

  test("newer steps are left out for as long as samples are late", async () => {
    const { at } = openSource({ delayMs: durationMs(90_000) });
    const { startMs, values } = await at(0.4);
    expect(startMs + values.length * MINUTE).toBe(NOW - 2 * MINUTE);
  });

  test("reads at a time wait for each other; closing ends what runs", async () => {
    const { source, at } = openSource();
    const [one, two] = await Promise.all([at(0), at(0)]);
    expect(one.values).toEqual(two.values);
    expect(askedSteps().steps).toBe(2880 + 10);
    server.answer(() => undefined);
    const hanging = at(1);
    const ended = expect(hanging).rejects.toThrow(/closed/);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await source.close();
    await ended;
  });

  test("is what the settings open; without address and query they say so", async () => {
    const query = testQuery(server.url);
    const demand = {
      source: "prometheus",
      prometheus: query.prometheus,
      stepMs: query.stepMs,
      staleAfterMs: durationMs(3 * MINUTE),
      historyMs: durationMs(HISTORY),
      scale: 2,
    };
    const request = {
      clock: { ...query.clock, nowMs: () => epochMs(NOW) },
      wallNowMs: Date.now,
      reader: { traffic: async () => [] },
      history: undefined,
      onWarning: () => undefined,
      random: () => 0,
    };
    const source = await openDemandSource({ ...request, demand: demand as never });
    expect(source.name).toBe(`prometheus ${server.url}`);
    expect((await source.read(epochMs(NOW), 10 * MINUTE)).values.at(-1)).toBe(
      2 * ((NOW / MINUTE - 1) % 1000),
    );
    const nowhere = openDemandSource({ ...request, demand: { ...demand, prometheus: undefined } as never });
    await expect(nowhere).rejects.toThrow("needs demand.url and demand.query");
  });
});

describe("steps", () => {
  const partsOf = (asked: readonly number[], values: readonly number[] = []): StepParts => ({
    stepMs: MINUTE,
    firstStep: 100,
    count: asked.length,
    asked: Uint8Array.from(asked),
    parts: new Map(values.length === 0 ? [] : [["{}", Float64Array.from(values)]]),
  });

  test("runs cover each step due exactly once, newest first, and no other", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 60 }), fc.nat(70), (asked, again) => {
        const runs = runsToAsk(partsOf(asked), again);
        const steps = runs.flatMap(({ first, end }) =>
          Array.from({ length: end - first }, (_, i) => first + i),
        );
        const due = asked.flatMap((one, i) => (one === 0 || i >= asked.length - again ? [100 + i] : []));
        expect([...steps].sort((a, b) => a - b)).toEqual(due);
        expect(runs.map(({ first }) => first)).toEqual(runs.map(({ first }) => first).sort((a, b) => b - a));
      }),
    );
  });

  test("moving the window keeps what both have, and asks for the rest", () => {
    const values = Float64Array.from({ length: 10 }, (_, i) => 100 + i);
    const known = withAnswer(
      movedTo(noParts(MINUTE), 100, 10),
      { first: 100, end: 110 },
      new Map([["{}", values]]),
    );
    fc.assert(
      fc.property(fc.integer({ min: 80, max: 120 }), fc.nat(30), (firstStep, count) => {
        const moved = movedTo(known, firstStep, count);
        const steps = Array.from({ length: count }, (_, i) => firstStep + i);
        const isKnown = steps.map((step) => step >= 100 && step < 110);
        expect([...moved.asked]).toEqual(isKnown.map(Number));
        const kept = moved.parts.get("{}") ?? new Float64Array(count).fill(Number.NaN);
        expect([...kept]).toEqual(steps.map((step, i) => (isKnown[i] ? step : Number.NaN)));
      }),
    );
  });

  test("the sum of no series is all gap", () => {
    expect([...summed(partsOf([1, 1]))]).toEqual([NaN, NaN]);
    expect([...summed(partsOf([1, 1, 1], [NaN, 0, 2]))]).toEqual([NaN, 0, 2]);
  });
});
