import { describe, expect, it } from "vitest";
import type { SharedWeights, TrainingJob } from "../../src/forecast/engine/forecast-job.ts";
import { createOutages } from "../../src/forecast/engine/outages.ts";
import { createSharedModels } from "../../src/forecast/engine/shared-models.ts";
import { readShared, trainTogether, writeShared } from "../../src/forecast/engine/shared-trainers.ts";
import { DAY_MS, HOUR_MS } from "../../src/model/time.ts";
import { dailyWave, START_MS, seriesOf } from "./fixtures.ts";

/** A training that ends when it is let, and keeps what it was asked. */
function trainings() {
  const jobs: TrainingJob[] = [];
  const train = async (job: TrainingJob): Promise<SharedWeights> => {
    jobs.push(job);
    return writeShared({ lstm: { round: jobs.length } }, jobs.length);
  };
  return { jobs, train };
}

const on = (day: number, seed = 1) =>
  seriesOf(dailyWave(2, { seed }).values, undefined, START_MS + day * DAY_MS);

describe("createSharedModels", () => {
  it("trains once four series are known, then once a day, from the weights before", async () => {
    const { jobs, train } = trainings();
    const models = createSharedModels({ members: ["lstm"], timeZone: "UTC", trainMs: DAY_MS, train });
    for (const key of ["a", "b", "c"]) models.see(key, on(0));
    expect(jobs).toEqual([]);
    models.see("d", on(0));
    await models.settled();
    expect(jobs.length).toBe(1);
    expect(jobs[0]?.histories.length).toBe(4);
    expect(jobs[0]?.histories[0]?.values.length).toBe(288);
    expect(jobs[0]?.previous).toBeUndefined();
    expect(models.current()?.version).toBe(1);
    models.see("a", on(0.4));
    await models.settled();
    expect(jobs.length).toBe(1);
    models.see("a", on(1));
    await models.settled();
    expect(jobs.length).toBe(2);
    expect(jobs[1]?.previous?.version).toBe(1);
    expect(jobs[1]?.seed).not.toBe(jobs[0]?.seed);
  });

  it("keeps the weights it has when a training fails, and has nothing to do without members", async () => {
    let fails = false;
    const train = async (): Promise<SharedWeights> => {
      if (fails) throw new Error("out of memory");
      return writeShared({ lstm: {} }, 1);
    };
    const models = createSharedModels({ members: ["lstm"], timeZone: "UTC", trainMs: DAY_MS, train });
    for (const key of ["a", "b", "c", "d"]) models.see(key, on(0));
    await models.settled();
    fails = true;
    models.see("a", on(1));
    await models.settled();
    expect(models.current()?.version).toBe(1);
    const idle = createSharedModels({ members: [], timeZone: "UTC", trainMs: DAY_MS, train });
    for (const key of ["a", "b", "c", "d"]) idle.see(key, on(0));
    expect(idle.current()).toBeUndefined();
  });
});

describe("trainTogether", () => {
  it("trains each member that can be, on all histories, and hands weights on", () => {
    const trainers = {
      lstm: (histories: readonly unknown[], seed: number, previous: object | undefined) => ({
        count: histories.length,
        seed,
        before: previous,
      }),
    };
    const job = { members: ["naive", "lstm"], histories: [on(0), on(1)], timeZone: "UTC", seed: 5 };
    const first = trainTogether({ ...job, previous: undefined }, trainers);
    expect(first).toEqual({ lstm: { count: 2, seed: 5, before: undefined } });
    const second = trainTogether({ ...job, previous: writeShared(first, 1) }, trainers);
    expect(second).toEqual({ lstm: { count: 2, seed: 5, before: first["lstm"] } });
    expect(readShared(writeShared(second, 2))).toEqual(second);
  });
});

describe("createOutages", () => {
  it("leaves a member out for one series for hours, for all once three have lost it", () => {
    const outages = createOutages();
    outages.note("a", "arima", "hung", START_MS);
    expect(outages.outFor("a", START_MS + HOUR_MS)["arima"]).toMatch(/^hung; out until 2026-03-02T03:00/);
    expect(outages.outFor("b", START_MS + HOUR_MS)).toEqual({});
    outages.note("b", "arima", "hung", START_MS + HOUR_MS);
    outages.note("c", "arima", "hung", START_MS + HOUR_MS);
    expect(Object.keys(outages.outFor("d", START_MS + 2 * HOUR_MS))).toEqual(["arima"]);
    expect(outages.outFor("d", START_MS + 3 * HOUR_MS)).toEqual({});
    expect(outages.outFor("a", START_MS + 3 * HOUR_MS)).toEqual({});
    expect(Object.keys(outages.outFor("c", START_MS + 3 * HOUR_MS))).toEqual(["arima"]);
  });
});
