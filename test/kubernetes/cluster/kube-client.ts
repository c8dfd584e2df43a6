import { Agent, request } from "node:https";

export interface KubeAnswer {
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, read by tests that know which
  readonly body: any;
}

/** A plain HTTPS client of an API server: what tests see the cluster with, independent of all that is tested. */
export interface KubeClient {
  /** Any answer; rejects only when there is none. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<KubeAnswer>;
  /** The body of a 2xx answer; rejects with the server's message on any other. */
  get(path: string): Promise<KubeAnswer["body"]>;
  create(path: string, object: unknown): Promise<KubeAnswer["body"]>;
  /** JSON merge patch. */
  patch(path: string, change: unknown): Promise<KubeAnswer["body"]>;
  remove(path: string): Promise<KubeAnswer["body"]>;
  close(): void;
}

export interface KubeAccess {
  readonly url: string;
  readonly authorityPem: string;
  readonly token: string;
}

const REQUEST_DEADLINE_MS = 30_000;

export function createKubeClient(access: KubeAccess): KubeClient {
  const agent = new Agent({ keepAlive: true, ca: access.authorityPem });
  const ask: KubeClient["request"] = (method, path, body, contentType = "application/json") =>
    sendRequest(access, agent, { method, path, body, contentType });
  const expectGood = async (method: string, path: string, body?: unknown, contentType?: string) => {
    const answer = await ask(method, path, body, contentType);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body?.message ?? answer.body}`);
  };
  return {
    request: ask,
    get: (path) => expectGood("GET", path),
    create: (path, object) => expectGood("POST", path, object),
    patch: (path, change) => expectGood("PATCH", path, change, "application/merge-patch+json"),
    remove: (path) => expectGood("DELETE", path),
    close: () => agent.destroy(),
  };
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly contentType: string;
}

function sendRequest(access: KubeAccess, agent: Agent, outgoing: Outgoing): Promise<KubeAnswer> {
  const payload = outgoing.body === undefined ? undefined : JSON.stringify(outgoing.body);
  return new Promise((resolve, reject) => {
    const sent = request(
      `${access.url}${outgoing.path}`,
      {
        method: outgoing.method,
        agent,
        timeout: REQUEST_DEADLINE_MS,
        headers: {
          authorization: `Bearer ${access.token}`,
          accept: "application/json",
          ...(payload === undefined
            ? {}
            : { "content-type": outgoing.contentType, "content-length": Buffer.byteLength(payload) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString("utf8")) }),
        );
      },
    );
    sent.on("timeout", () =>
      sent.destroy(new Error(`${outgoing.method} ${outgoing.path}: no answer in ${REQUEST_DEADLINE_MS} ms`)),
    );
    sent.on("error", reject);
    sent.end(payload);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
