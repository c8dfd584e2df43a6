import Fastify, { type FastifyInstance } from "fastify";
import type { Log } from "../model/ports.ts";
import { UserError } from "../model/user-error.ts";
import { isActivityRoute } from "./activity-routes.ts";
import { isEventRoute, isOwnOrigin } from "./event-routes.ts";
import { isLoopbackHostHeader, loopbackAddress } from "./loopback.ts";
import { addRoutes, type HttpSources } from "./routes.ts";

export interface HttpOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly sources: HttpSources;
  readonly log: Log;
}

export interface HttpServer {
  /** `http://127.0.0.1:9464`. */
  readonly url: string;
  readonly port: number;
  /** Ends open connections, too: within a second. */
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8_192;
const MAX_BODY_BYTES = 1_024;

/**
 * Serves health, metrics and the API on loopback; only scheduled events can be written. Rejects with `UserError`
 * for a host that is not loopback or a port that cannot be had.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const host = loopbackAddress(options.host);
  const app = createApp(options.sources, options.log);
  try {
    await app.listen({ host, port: options.port });
  } catch (error) {
    await app.close();
    throw portError(error, host, options.port);
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`, port, close: () => app.close() };
}

/** The application without a port. */
export function createApp(sources: HttpSources, log: Log): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 2 * REQUEST_TIMEOUT_MS,
    keepAliveTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 32 },
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: REQUEST_TIMEOUT_MS },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  // A page of another origin may send plain text without asking first; JSON it may not.
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(SAFE_HEADERS);
    const isReading = request.method === "GET" || request.method === "HEAD";
    if (!isReading && !isEventRoute(request) && !isActivityRoute(request))
      return reply.code(405).headers({ allow: "GET, HEAD", connection: "close" }).send({ error: "only GET" });
    if (!isLoopbackHostHeader(request.headers.host))
      return reply.code(421).send({ error: "the Host header does not name this machine" });
    if (!isReading && !isOwnOrigin(request))
      return reply.code(403).send({ error: "a page of another origin may not write" });
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "no such page" }));
  app.setErrorHandler((error: unknown, request, reply) => {
    const status = clientErrorStatus(error);
    if (status !== undefined) return reply.code(status).send({ error: "bad request" });
    log.error("http", "a request failed", { path: request.url, error });
    return reply.code(500).send({ error: "internal error; the daemon's log says more" });
  });
  addRoutes(app, sources);
  return app;
}

const SAFE_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}

function portError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE")
    return new UserError(
      `http.port ${port} on ${host} is already in use: stop what listens there (another daemon?), ` +
        "or set http.port to a free one (0 picks any)",
      1,
    );
  if (code === "EACCES")
    return new UserError(
      `http.port ${port} needs more rights than this user has: set http.port above 1023`,
      1,
    );
  if (code === "EADDRNOTAVAIL")
    return new UserError(`http.host ${host} is no address of this machine: set http.host to 127.0.0.1`, 1);
  return error;
}
