import { shortDuration } from "../model/time.ts";

const WIDTH = 24;

/** `origins [########................]  33 % 10/30, about 20s left`. */
export function progressBar(what: string, done: number, total: number, spentMs: number): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.round(share * WIDTH);
  const bar = "#".repeat(filled) + ".".repeat(WIDTH - filled);
  const left =
    done === 0 || done >= total ? "" : `, about ${shortDuration((spentMs / done) * (total - done))} left`;
  return `${what} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} % ${done}/${total}${left}`;
}
