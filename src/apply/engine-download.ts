import { fileURLToPath } from "node:url";
import { moduleFile } from "../model/module-file.ts";
import { formatDuration } from "../model/time.ts";
import type { EngineProgress } from "./engine.ts";
import { lastWords, runCommand } from "./engine-command.ts";

export interface DownloadOptions {
  /** Folder to install into; `bin/pulumi` and its language hosts appear in it. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly nodePath: string;
  readonly onProgress: (progress: EngineProgress) => void;
  readonly signal: AbortSignal | undefined;
  readonly siteUrl?: string;
  /** Time in which the site must answer at all. */
  readonly connectMs?: number;
  /** Time for the whole download. */
  readonly deadlineMs?: number;
}

export type DownloadEnd =
  | { readonly kind: "downloaded" }
  | { readonly kind: "aborted" }
  | { readonly kind: "failed"; readonly reason: string };

/** The official installer comes from here. */
export const DOWNLOAD_SITE = "https://get.pulumi.com/";

const CONNECT_MS = 10_000;
const DEADLINE_MS = 15 * 60_000;

/** The official download, by the Automation API's own installer. An unreachable site costs at most `connectMs`. */
export async function downloadEngine(options: DownloadOptions): Promise<DownloadEnd> {
  const siteUrl = options.siteUrl ?? DOWNLOAD_SITE;
  const host = new URL(siteUrl).host;
  const connectMs = options.connectMs ?? CONNECT_MS;
  const unreachable = new AbortController();
  const timer = setTimeout(() => unreachable.abort(), connectMs);
  const tell = (text: string) =>
    options.onProgress({ kind: "step", text, fraction: undefined, etaMs: undefined });
  tell(`downloading the Pulumi engine: asking ${host}`);
  const end = await runCommand({
    file: options.nodePath,
    args: [fileURLToPath(moduleFile(import.meta.url, "./engine-download-main")), options.root, siteUrl],
    // Lets a proxy named in the environment apply to Node too, as it does to curl.
    environment: { NODE_USE_ENV_PROXY: "1", ...options.environment },
    signal: anySignal(options.signal, unreachable.signal),
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    onLine: (line) => {
      if (line !== "connected") return;
      clearTimeout(timer);
      tell(`downloading the Pulumi engine from ${host} (about 150 MB)`);
    },
  });
  clearTimeout(timer);
  if (options.signal?.aborted) return { kind: "aborted" };
  if (unreachable.signal.aborted)
    return { kind: "failed", reason: `${host} did not answer within ${formatDuration(connectMs)}` };
  if (end.kind === "exited" && end.code === 0) return { kind: "downloaded" };
  return { kind: "failed", reason: `${host}: ${lastWords(end)}` };
}

function anySignal(outer: AbortSignal | undefined, inner: AbortSignal): AbortSignal {
  return outer === undefined ? inner : AbortSignal.any([outer, inner]);
}
