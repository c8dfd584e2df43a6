import { setTimeout as pause } from "node:timers/promises";

export interface UntilOptions {
  readonly deadlineMs: number;
  readonly everyMs?: number;
  /** Looked at before each probe: a reason to give up at once. */
  readonly broken?: () => string | undefined;
}

/**
 * The first answer of `probe` that is neither undefined nor false. A probe that throws is asked again; past the
 * deadline what it said last is the error.
 */
export async function until<Answer>(
  what: string,
  options: UntilOptions,
  probe: () => Promise<Answer | undefined | false>,
): Promise<Answer> {
  const endMs = performance.now() + options.deadlineMs;
  for (;;) {
    const broken = options.broken?.();
    if (broken !== undefined) throw new Error(`${what}: ${broken}`);
    const { answer, words } = await asked(probe);
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${options.deadlineMs} ms (${words})`);
    await pause(options.everyMs ?? 100);
  }
}

async function asked<Answer>(probe: () => Promise<Answer>) {
  try {
    return { answer: await probe(), words: "not yet" };
  } catch (error) {
    return { answer: undefined, words: error instanceof Error ? error.message : String(error) };
  }
}
