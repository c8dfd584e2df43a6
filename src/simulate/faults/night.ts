import type { Settings } from "../../model/settings.ts";
import { pick, seededRandom } from "../seeded-random.ts";
import { booksDisagree } from "../simulate-daemon.ts";
import { PLACES, type Place } from "../simulated-process.ts";
import { FAULTS, type Fault, faultKind } from "./catalogue.ts";
import { between, type EndFault } from "./fault-world.ts";
import type { JournalHome } from "./night-daemon.ts";
import { nightSettings } from "./night-settings.ts";
import { type NightWorld, openNightWorld } from "./night-world.ts";

export interface NightOptions {
  readonly seed: number;
  /** Simulated time with faults, at least; rounded up to whole rounds. */
  readonly forMs: number;
  /** Empty state folders, one per daemon. */
  readonly openDisk: () => JournalHome;
  readonly settings?: Settings;
  readonly faults?: readonly Fault[];
  /** Hears every line of the night's log. */
  readonly onLine?: (line: string) => void;
}

export interface NightReport {
  readonly seed: number;
  /** Each fault that began, with the place of the pipeline it began at. */
  readonly faults: readonly Struck[];
  readonly broken: readonly string[];
  readonly cycles: number;
  readonly simulatedMs: number;
  /** SHA-256 of the whole log, records included. */
  readonly digest: string;
  /** Head of the journal's hash chain. */
  readonly headHash: string;
}

/** Cycles of one round of faults: six hours of five minutes. */
export const ROUND_CYCLES = 72;
/** Chance that a fault begins within a cycle; a second one may follow. */
const FAULT_CHANCE = 0.45;
const MOST_AT_ONCE = 4;
const LONGEST_FAULT_CYCLES = 8;
/** Cycles after the last fault in which the world and the plan must agree again. */
const CONVERGE_CYCLES = 2;
/** Cycles without an engine run that end a round, and how many it may take to get there. */
const QUIET_CYCLES = 6;
const SETTLE_CYCLES = 60;

/**
 * A night by seed: the shipped daemon in a world where things go wrong at every stage, then peace. Two cycles into the
 * peace plan and platform agree with no human command, and once sizes have settled on demand that stays, no engine
 * runs. Longer nights are rounds of six hours of faults, each with its peace.
 */
export async function simulateNight(options: NightOptions): Promise<NightReport> {
  const night = openNightWorld({ ...options, settings: options.settings ?? nightSettings() });
  try {
    const { clock, watch } = night;
    const struck: Struck[] = [];
    const random = seededRandom(options.seed);
    await night.cyclesEnded(2);
    for (let round = 0; round === 0 || clock.monotonicMs() < options.forMs; round++) {
      await faultRound(night, random, options.faults ?? FAULTS, struck);
      await peace(night);
      if (watch.broken.length > 0) break;
    }
    const chain = night.daemon.journal().verifyChain();
    if (chain.kind === "broken") watch.broke(`I9: journal: cycle ${chain.cycle}: ${chain.reason}`);
    return {
      seed: options.seed,
      faults: struck,
      broken: watch.broken,
      cycles: night.daemon.counts.ended,
      simulatedMs: clock.monotonicMs(),
      digest: watch.digest(),
      headHash: chain.kind === "whole" ? chain.headHash : "",
    };
  } finally {
    night.close();
  }
}

interface Lasting {
  readonly untilCycle: number;
  readonly end: EndFault;
}

type Struck = { readonly fault: Fault; readonly place: Place };

async function faultRound(
  night: NightWorld,
  random: () => number,
  faults: readonly Fault[],
  struck: Struck[],
): Promise<void> {
  const { clock } = night;
  const { intervalMs } = night.settings.schedule;
  const lasting = new Map<Fault, Lasting>();
  for (let cycle = 0; cycle < ROUND_CYCLES; cycle++) {
    const endMs = clock.monotonicMs() + intervalMs;
    endFaults(night, lasting, cycle);
    while (lasting.size < MOST_AT_ONCE && random() < FAULT_CHANCE) {
      const fault = pick(random, faults);
      const untilCycle = cycle + between(random, 1, LONGEST_FAULT_CYCLES);
      const strike = (place: Place): void => {
        if (!lasting.has(fault)) beginFault(night, lasting, struck, { fault, place, untilCycle });
      };
      if (random() < 0.6) night.waitFor(pick(random, PLACES), strike);
      else {
        await clock.advance(Math.floor(random() * Math.max(0, endMs - clock.monotonicMs())));
        strike("wait");
      }
    }
    night.peopleAct();
    await clock.advance(Math.max(0, endMs - clock.monotonicMs()));
    night.lookAfter();
  }
  night.waitForNothing();
  endFaults(night, lasting, Number.POSITIVE_INFINITY);
}

function beginFault(
  night: NightWorld,
  lasting: Map<Fault, Lasting>,
  struck: Struck[],
  { fault, place, untilCycle }: Struck & { readonly untilCycle: number },
): void {
  night.watch.say(`** ${fault} (at ${place})`);
  struck.push({ fault, place });
  const end = faultKind(fault).begin(night.faultWorld);
  if (end !== undefined) lasting.set(fault, { untilCycle, end });
}

function endFaults(night: NightWorld, lasting: Map<Fault, Lasting>, cycle: number): void {
  for (const [fault, { untilCycle, end }] of [...lasting]) {
    if (untilCycle > cycle) continue;
    lasting.delete(fault);
    night.watch.say(`** ${fault} is over`);
    end();
  }
}

/** Nothing goes wrong any more, and demand stays as it is. */
async function peace(night: NightWorld): Promise<void> {
  const { watch, faultWorld } = night;
  watch.say("** peace");
  night.calm();
  await night.cyclesEnded(CONVERGE_CYCLES);
  const state = night.daemon.state();
  if (state === undefined) watch.broke("I5: no cycle ended in peace");
  else {
    const { platform, stack } = faultWorld;
    const journal = night.daemon.journal();
    for (const line of booksDisagree({ platform, stack, state, journal })) watch.broke(line);
  }
  for (let cycles = 0, quiet = 0; quiet < QUIET_CYCLES; cycles++) {
    const runsBefore = night.engineRuns();
    await night.cyclesEnded(1);
    night.lookAfter();
    quiet = night.engineRuns() === runsBefore ? quiet + 1 : 0;
    if (cycles < SETTLE_CYCLES) continue;
    watch.broke(`B5-25: engine runs go on ${cycles} cycles into the peace`);
    break;
  }
  night.disturbPeace();
}
