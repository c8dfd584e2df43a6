import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { downloadEngine } from "../../src/apply/engine-download.ts";
import { type Bench, makeBench, writeProgram } from "./engine-fakes.ts";

let bench: Bench;
let server: Server | undefined;
const sockets = new Set<Socket>();

beforeEach(() => {
  bench = makeBench();
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  server = undefined;
  bench.remove();
});

/** A site that answers each connection with `answer`, or never. */
function site(answer: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => {
        if (answer !== undefined) socket.end(answer);
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server?.address();
      resolve(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
    });
  });
}

const download = (
  siteUrl: string,
  more: { readonly connectMs?: number; readonly signal?: AbortSignal } = {},
) =>
  downloadEngine({
    root: join(bench.folder, "root"),
    environment: { PATH: bench.pathVariable, TMPDIR: bench.folder },
    nodePath: process.execPath,
    onProgress: () => undefined,
    signal: undefined,
    siteUrl,
    ...more,
  });

test("a site that takes the connection and says nothing costs the connect time and no more", async () => {
  const began = performance.now();
  const end = await download(await site(undefined), { connectMs: 1_200 });
  expect(end).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(/did not answer within 1s200ms/),
  });
  expect(performance.now() - began).toBeLessThan(5_000);
});

test("a site that refuses is named, with the system's word for it", async () => {
  const end = await download("http://127.0.0.1:9/");
  expect(end).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(/^127\.0\.0\.1:9: .*(ECONNREFUSED|bad port)/),
  });
});

test("an interrupt is an interrupt, not a failure", async () => {
  const interrupt = new AbortController();
  setTimeout(() => interrupt.abort(), 300);
  expect(await download(await site(undefined), { signal: interrupt.signal })).toEqual({ kind: "aborted" });
});

test("an engine that is in the folder already is taken without a download", async () => {
  writeProgram(join(bench.folder, "root", "bin", "pulumi"), "echo v3.250.0");
  const end = await download(await site("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
  expect(end).toEqual({ kind: "downloaded" });
});
