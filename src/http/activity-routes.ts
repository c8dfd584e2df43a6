import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ActivityIntake, IntakeAnswer, PushKind } from "../model/activity.ts";

/** 20,000 events of ordinary length. */
const MAX_BODY_BYTES = 4 * 2 ** 20;
const LINE_TYPES = ["application/x-ndjson", "application/jsonl", "application/json"];
const ROUTES: readonly { readonly path: string; readonly kinds: Readonly<Record<string, PushKind>> }[] = [
  { path: "/v1/activity", kinds: Object.fromEntries(LINE_TYPES.map((type) => [type, "lines" as const])) },
  {
    path: "/v1/logs",
    kinds: { "application/json": "otlp-logs-json", "application/x-protobuf": "otlp-logs" },
  },
  {
    path: "/v1/metrics",
    kinds: { "application/json": "otlp-metrics-json", "application/x-protobuf": "otlp-metrics" },
  },
];

/** The routes that take activity. */
export function isActivityRoute(request: FastifyRequest): boolean {
  const { url, method } = request.routeOptions;
  return method === "POST" && ROUTES.some(({ path }) => path === url);
}

/**
 * `POST /v1/activity` (a JSON object a line), `/v1/logs` and `/v1/metrics` (OTLP/HTTP); plain or gzip, at
 * most 4 MiB. Under pressure 429 with `Retry-After`. Nothing of a body is ever repeated in an answer.
 */
export function addActivityRoutes(app: FastifyInstance, intake: ActivityIntake): void {
  // Bodies are taken as they are, in these routes only.
  app.register((scope, _options, registered) => {
    scope.removeAllContentTypeParsers();
    const types = [...new Set(ROUTES.flatMap(({ kinds }) => Object.keys(kinds)))];
    scope.addContentTypeParser(types, { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    for (const { path, kinds } of ROUTES) {
      scope.post(path, { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
        const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
        const kind = kinds[type];
        if (kind === undefined || !(request.body instanceof Uint8Array))
          return reply.code(415).send({ error: `send ${Object.keys(kinds).join(" or ")}` });
        const answer = await intake.offer(kind, request.body);
        if (answer.kind === "busy") reply.header("retry-after", Math.ceil(answer.retryAfterMs / 1000));
        return reply.code(statusOf(answer, kind)).send(bodyOf(answer, kind));
      });
    }
    registered();
  });
}

function statusOf({ kind, ...answer }: IntakeAnswer, push: PushKind): number {
  if (kind === "busy") return 429;
  if (kind === "taken") return push === "lines" ? 202 : 200;
  return "what" in answer && push.endsWith("json") === false && push !== "lines" ? 415 : 400;
}

/** OTLP has an answer of its own form; partial success names only a number. */
function bodyOf(answer: IntakeAnswer, push: PushKind): object {
  if (answer.kind === "busy") return { error: "too much at once: nothing was taken, send it again" };
  if (answer.kind === "bad") return { error: `the body ${answer.what}` };
  if (push === "lines") return { events: answer.events, rejected: answer.rejected };
  if (answer.rejected === 0) return {};
  const count = push.startsWith("otlp-logs") ? "rejectedLogRecords" : "rejectedDataPoints";
  return { partialSuccess: { [count]: answer.rejected } };
}
