import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ControlRequest {
  readonly method: string;
  /** Path segments, without the query. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** undefined when there was no body. */
  readonly body: unknown;
}

const MOST_BODY_BYTES = 65_536;

/** The control port's HTTP: token, bounded JSON body, one JSON answer. What is answered is `answer`'s business. */
export function createControlServer(
  token: string,
  answer: (request: ControlRequest) => Promise<ControlAnswer>,
): Server {
  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: 10_000 }, (request, response) => {
    void respond(token, answer, request, response);
  });
  server.maxConnections = 100;
  return server;
}

async function respond(
  token: string,
  answer: (request: ControlRequest) => Promise<ControlAnswer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let result: ControlAnswer;
  try {
    result = isAuthorized(request, token)
      ? await answer(await parseRequest(request))
      : { status: 401, body: { error: "missing or wrong bearer token" } };
  } catch (error) {
    const refused = error instanceof BadRequest;
    result = {
      status: refused ? error.status : 500,
      body: { error: error instanceof Error ? error.message : "failed" },
    };
  }
  if (response.destroyed) return;
  const text = JSON.stringify(result.body);
  // A body that was refused half read would be taken for the next request.
  if (!request.complete) response.setHeader("connection", "close");
  response.writeHead(result.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? "");
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function parseRequest(request: IncomingMessage): Promise<ControlRequest> {
  const url = new URL(request.url ?? "/", "http://control");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new BadRequest(413, `body is larger than ${MOST_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    method: request.method ?? "GET",
    path: url.pathname.split("/").filter((part) => part !== ""),
    query: url.searchParams,
    body: text === "" ? undefined : parseJson(text),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(400, "body is not JSON");
  }
}

/** A request that is refused as it stands, with the status to answer. */
export class BadRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "BadRequest";
    this.status = status;
  }
}
