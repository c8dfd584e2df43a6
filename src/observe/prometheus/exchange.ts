import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

export interface ExchangeRequest {
  readonly url: string;
  /** Sent as a form when it is there: POST, else GET. */
  readonly form: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: HttpAgent;
  readonly timeoutMs: number;
  /** Most bytes of an answer, unpacked. */
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** How one HTTP exchange ended. */
export type Exchanged =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: string;
      readonly isHtml: boolean;
      readonly location: string | undefined;
      readonly retryAfter: string | undefined;
      /** The server's clock, whole seconds. */
      readonly serverMs: number | undefined;
    }
  | { readonly kind: "too-big" }
  | { readonly kind: "timed-out" }
  /** No whole answer came: `code` is Node's or OpenSSL's. */
  | { readonly kind: "broken"; readonly code: string };

/** Connections to one server, kept open between requests. */
export function createAgent(url: string, ca: string | undefined): HttpAgent {
  const shared = { keepAlive: true, maxSockets: 2, maxFreeSockets: 1 } as const;
  if (!url.startsWith("https:")) return new HttpAgent(shared);
  return new HttpsAgent(ca === undefined ? shared : { ...shared, ca });
}

/** One request and its answer, bounded in time and size; redirects are not followed. Rejects only on `signal`. */
export async function exchange(request: ExchangeRequest): Promise<Exchanged> {
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(request.timeoutMs)));
  const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
  try {
    const response = await respond(request, signal);
    const body = await readBody(response, request.maxBytes);
    if (body === undefined) return { kind: "too-big" };
    const { headers, statusCode: status = 0 } = response;
    const serverMs = Date.parse(headers.date ?? "");
    return {
      kind: "answered",
      status,
      body,
      isHtml: headers["content-type"]?.includes("html") ?? false,
      location: headers.location,
      retryAfter: headers["retry-after"],
      serverMs: Number.isNaN(serverMs) ? undefined : serverMs,
    };
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    if (timeout.aborted) return { kind: "timed-out" };
    const { code, message } = error as NodeJS.ErrnoException;
    return { kind: "broken", code: code ?? message };
  }
}

function respond(request: ExchangeRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, form, agent } = request;
  const start = url.startsWith("https:") ? requestHttps : requestHttp;
  const headers: Record<string, string> = {
    ...request.headers,
    Accept: "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "tiercast",
  };
  if (form !== undefined) headers["Content-Type"] = "application/x-www-form-urlencoded";
  return new Promise((resolve, reject) => {
    const sent = start(url, { method: form === undefined ? "GET" : "POST", headers, agent, signal }, resolve);
    sent.on("error", reject);
    sent.end(form);
  });
}

/** Undefined when it is larger than `maxBytes`: what is packed small may unpack without end. */
async function readBody(response: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of unpacked(response) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function unpacked(response: IncomingMessage): Readable {
  if (response.headers["content-encoding"] !== "gzip") return response;
  const unzipped = createGunzip();
  response.on("error", (error) => unzipped.destroy(error));
  return response.pipe(unzipped);
}
