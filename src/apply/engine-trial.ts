import { connect } from "node:net";
import { lastWords, runCommand } from "./engine-command.ts";

export interface TrialOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly deadlineMs: number;
}

export type TrialEnd =
  | { readonly kind: "answered"; readonly port: number; readonly startMs: number }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Starts a plugin as the engine would: it must print a port on a line of its own and take a connection there. It
 * is ended again in either case.
 */
export async function tryPlugin(options: TrialOptions): Promise<TrialEnd> {
  const enough = new AbortController();
  const began = performance.now();
  let port: number | undefined;
  let answered: Promise<boolean> | undefined;
  let startMs = 0;
  const end = await runCommand({
    ...options,
    signal: enough.signal,
    onLine: (line) => {
      if (port !== undefined || !/^\d{2,5}$/.test(line.trim())) return;
      port = Number(line);
      startMs = Math.round(performance.now() - began);
      answered = takesConnection(port).finally(() => enough.abort());
    },
  });
  if (port === undefined) return { kind: "failed", reason: lastWords(end) };
  if (!(await answered)) return { kind: "failed", reason: `nothing answers on its port ${port}` };
  return { kind: "answered", port, startMs };
}

function takesConnection(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 2_000 });
    const finish = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
    socket.once("timeout", () => finish(false));
  });
}
