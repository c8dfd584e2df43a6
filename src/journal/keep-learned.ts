import type { ForecastEngine, Log } from "../model/ports.ts";
import { MINUTE_MS } from "../model/time.ts";
import type { LearnedFile } from "./learned-file.ts";

/** Wall time between two writes: what a crash may cost is learned again from the history. */
const EVERY_MS = 5 * MINUTE_MS;

export interface KeepLearnedOptions {
  readonly engine: ForecastEngine;
  /** The series that is kept. */
  readonly key: string;
  readonly file: LearnedFile;
  /** Only looks: what is kept is used and not written. */
  readonly readOnly: boolean;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/**
 * The engine, warm from what `file` keeps, and kept there after the first forecast, every five minutes, and at its
 * end. A file that cannot be read means a cold start; one that cannot be written is a warning, said once.
 */
export function keepLearned(options: KeepLearnedOptions): ForecastEngine {
  const { engine, key, file, log } = options;
  const known = file.read();
  if (known !== undefined && engine.importLearned?.(key, known) === false) {
    log.warn("forecast", `${file.file} is not readable any more: learning starts again from the history`);
  }
  let writtenMs = Number.NEGATIVE_INFINITY;
  let isTold = false;
  const write = (): void => {
    const bytes = options.readOnly ? undefined : engine.exportLearned?.(key);
    if (bytes === undefined) return;
    writtenMs = options.monotonicMs();
    try {
      file.write(bytes);
      isTold = false;
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      if (!isTold) log.warn("forecast", `${file.file} cannot be written (${reason}): a restart starts cold`);
      isTold = true;
    }
  };
  return {
    ...engine,
    forecast: async (asked, series, ahead) => {
      const answer = await engine.forecast(asked, series, ahead);
      if (asked === key && options.monotonicMs() - writtenMs >= EVERY_MS) write();
      return answer;
    },
    close: async () => {
      write();
      await engine.close();
    },
  };
}
