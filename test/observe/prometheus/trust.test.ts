import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { describe, expect, test } from "vitest";
import { readPrometheusHistory } from "../../../src/observe/prometheus/history.ts";
import { scratchFolder } from "../scratch.ts";
import { matrix, testQuery } from "./fake-server.ts";
import { NO_PROMETHEUS, openMetrics, startPrometheus } from "./real-prometheus.ts";

const NOW = Math.floor(Date.now() / 60_000) * 60_000;
const HOUR = 3_600_000;
const scratch = scratchFolder();

const NO_OPENSSL =
  spawnSync("openssl", ["version"]).status === 0 ? undefined : "skipped: openssl is not on PATH";

describe.skipIf(NO_OPENSSL !== undefined)(`TLS ${NO_OPENSSL ?? ""}`, () => {
  test("the authority of the CA file is trusted; without it, or for another host, it is one line", async () => {
    const [key, cert] = [scratch.path("key.pem"), scratch.path("cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const make = [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      cert,
    ];
    execFileSync("openssl", [...make, ...subject], { stdio: "ignore" });
    const server = createServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (incoming, response) => {
        const { searchParams } = new URL(incoming.url ?? "/", "https://fake");
        response.end(JSON.stringify({ status: "success", data: matrix(searchParams, [() => 6]) }));
      },
    );
    server.listen(0);
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const read = (host: string, caFile?: string) => {
      const request = testQuery(`https://${host}:${port}`, { connection: { caFile } });
      return readPrometheusHistory({ ...request, nowMs: NOW, historyMs: HOUR });
    };
    try {
      expect((await read("localhost", cert)).series.values).toHaveLength(60);
      await expect(read("localhost")).rejects.toThrow(
        /TLS: \S*SELF_SIGNED\S* \(name its authority in a CA file/,
      );
      await expect(read("127.0.0.1", cert)).rejects.toThrow(/TLS: ERR_TLS_CERT_ALTNAME_INVALID/);
      await expect(read("localhost", scratch.path("none.pem"))).rejects.toThrow(/none\.pem: no such file/);
      const rubbish = await scratch.write("rubbish.pem", "not a certificate");
      await expect(read("localhost", rubbish)).rejects.toThrow(/prometheus https:\S+: TLS/);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

/** The password is `test`: the example of Prometheus' own guide to basic authentication. */
const WEB = `basic_auth_users:
  admin: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay
`;

describe.skipIf(NO_PROMETHEUS !== undefined)(`a real Prometheus with users ${NO_PROMETHEUS ?? ""}`, () => {
  test("user and password open it; a wrong one is one line that holds neither", async () => {
    const second = NOW / 1000;
    const samples = Array.from({ length: 240 }, (_, i): [number, number] => [second - 3600 + 15 * i, 15 * i]);
    const history = openMetrics("http_requests_total", "counter", [{ labels: "", samples }]);
    const server = await startPrometheus({ history: `${history}# EOF\n`, web: WEB });
    const read = (password: string) => {
      const connection = { username: "admin", passwordEnv: "PW" };
      const request = testQuery(server.url, { connection, environment: { PW: password } });
      return readPrometheusHistory({ ...request, nowMs: NOW, historyMs: HOUR });
    };
    try {
      expect((await read("test")).series.values.at(-2)).toBeCloseTo(1, 6);
      const error = await read("not-this-one").catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(/refuses: 401 .*check token, user/),
      });
      expect((error as Error).message).not.toContain("not-this-one");
    } finally {
      await server.stop();
    }
  });
});
