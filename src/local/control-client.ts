import { request } from "node:http";
import { mayBeAlive, readEndpoint } from "./endpoint-file.ts";

export type ControlMethod = "GET" | "PUT" | "DELETE";

/** The supervisor did not answer; nothing is known about what it holds. */
export class ControlUnreachable extends Error {
  constructor(endpointFile: string, reason: string) {
    super(`cannot reach the supervisor of ${endpointFile}: ${reason}; update the base stack to start it`);
    this.name = "ControlUnreachable";
  }
}

/** The supervisor answered no: its own words. */
export class ControlRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ControlRefused";
    this.status = status;
  }
}

const MOST_ANSWER_BYTES = 4_194_304;

/**
 * One call of the control API; the endpoint file is read each time, so a restarted supervisor is found. Resolves
 * with the answer's JSON; rejects with `ControlUnreachable` or `ControlRefused`, each with a one-line message.
 */
export async function callControl(
  endpointFile: string,
  method: ControlMethod,
  path: string,
  body?: unknown,
  timeoutMs = 5_000,
): Promise<unknown> {
  const endpoint = readEndpoint(endpointFile);
  if (!endpoint) throw new ControlUnreachable(endpointFile, "no such file, or it is damaged");
  if (!mayBeAlive(endpointFile)) {
    throw new ControlUnreachable(endpointFile, `process ${endpoint.pid} has ended`);
  }
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await send(`${endpoint.controlUrl}${path}`, method, endpoint.token, text, timeoutMs).catch(
    (error: unknown) => {
      throw new ControlUnreachable(endpointFile, error instanceof Error ? error.message : String(error));
    },
  );
  if (answer.status < 300) return answer.body;
  throw new ControlRefused(answer.status, errorOf(answer.body) ?? `status ${answer.status}`);
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function send(
  url: string,
  method: ControlMethod,
  token: string,
  text: string | undefined,
  timeoutMs: number,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { authorization: `Bearer ${token}`, "content-length": Buffer.byteLength(text ?? "") };
  const signal = AbortSignal.timeout(timeoutMs);
  const outgoing = request(url, { method, headers, agent: false, signal }, (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_ANSWER_BYTES) outgoing.destroy(new Error("answer is too large"));
    });
    response.on("error", reject);
    response.on("end", () => {
      resolve({ status: response.statusCode ?? 0, body: parseJson(Buffer.concat(chunks).toString("utf8")) });
    });
  });
  outgoing.on("error", (error) => {
    reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
  });
  outgoing.end(text);
  return promise;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf(body: unknown): string | undefined {
  const error = (body as { readonly error?: unknown } | null | undefined)?.error;
  return typeof error === "string" ? error : undefined;
}
