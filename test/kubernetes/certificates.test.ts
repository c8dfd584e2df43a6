import { X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "./cluster/certificates.ts";
import { createKubeClient } from "./cluster/kube-client.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
const LEAF = { commonName: "server", dnsNames: ["localhost"], addresses: ["127.0.0.1"] };
const VALID = { fromMs: NOW_MS - DAY_MS, untilMs: NOW_MS + DAY_MS };
const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

test("a certificate says what was asked for and is its authority's", () => {
  const authority = createAuthority("test authority", VALID.fromMs, VALID.untilMs);
  const leaf = new X509Certificate(issueCertificate(authority, { ...LEAF, ...VALID }).certificatePem);
  const root = new X509Certificate(authority.certificatePem);
  expect(root.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1");
  expect(Date.parse(leaf.validTo)).toBe(Math.floor(VALID.untilMs / 1_000) * 1_000);
  expect(Date.parse(leaf.validFrom)).toBe(Math.floor(VALID.fromMs / 1_000) * 1_000);
});

test("a client that trusts the authority takes it, and no other", async () => {
  const authority = createAuthority("test authority", VALID.fromMs, VALID.untilMs);
  const stranger = createAuthority("test authority", VALID.fromMs, VALID.untilMs);
  const url = await serve(issueCertificate(authority, { ...LEAF, ...VALID }));
  expect(await client(url, authority.certificatePem).get("/some/path")).toEqual({
    path: "/some/path",
    authorization: "Bearer secret",
  });
  await expect(client(url, stranger.certificatePem).get("/")).rejects.toThrow(/certificate|signature/);
});

test("one that has ended is refused as such", async () => {
  const authority = createAuthority("test authority", VALID.fromMs, VALID.untilMs);
  const ended = { fromMs: NOW_MS - 2 * DAY_MS, untilMs: NOW_MS - DAY_MS };
  const url = await serve(issueCertificate(authority, { ...LEAF, ...ended }));
  await expect(client(url, authority.certificatePem).get("/")).rejects.toMatchObject({
    code: "CERT_HAS_EXPIRED",
  });
});

function client(url: string, authorityPem: string) {
  const made = createKubeClient({ url, authorityPem, token: "secret" });
  open.push(made);
  return made;
}

async function serve({ certificatePem, keyPem }: { certificatePem: string; keyPem: string }) {
  const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) =>
    response.end(JSON.stringify({ path: request.url, authorization: request.headers.authorization })),
  );
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
