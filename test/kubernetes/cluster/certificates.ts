import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate with its key, both as PEM; X.509 v3 (RFC 5280), P-256, signed with ECDSA and SHA-256. */
export interface Certificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface Authority extends Certificate {
  readonly commonName: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

export interface LeafRequest {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  /** IPv4. */
  readonly addresses: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Node can read certificates but not write them, and not every machine has openssl: so DER, by hand. */
export function createAuthority(commonName: string, fromMs: number, untilMs: number): Authority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = [
    extension("2.5.29.19", true, sequence(BOOLEAN_TRUE)),
    // keyCertSign and cRLSign: bits 5 and 6, the last unused bit of the octet left out.
    extension("2.5.29.15", true, tlv(0x03, Buffer.from([1, 0x06]))),
    extension("2.5.29.14", false, tlv(0x04, keyId(publicKey))),
  ];
  const request = { subject: commonName, issuer: commonName, publicKey, fromMs, untilMs, extensions };
  return {
    commonName,
    key: privateKey,
    publicKey,
    certificatePem: signed(request, privateKey),
    keyPem: pemOf(privateKey),
  };
}

export function issueCertificate(authority: Authority, leaf: LeafRequest): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const names = [
    ...leaf.dnsNames.map((name) => tlv(0x82, Buffer.from(name, "ascii"))),
    ...leaf.addresses.map((address) => tlv(0x87, Buffer.from(address.split(".").map(Number)))),
  ];
  const extensions = [
    extension("2.5.29.15", true, tlv(0x03, Buffer.from([7, 0x80]))),
    extension("2.5.29.37", false, sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"))),
    extension("2.5.29.35", false, sequence(tlv(0x80, keyId(authority.publicKey)))),
    extension("2.5.29.17", false, sequence(...names)),
  ];
  const { fromMs, untilMs } = leaf;
  const request = {
    subject: leaf.commonName,
    issuer: authority.commonName,
    publicKey,
    fromMs,
    untilMs,
    extensions,
  };
  return { certificatePem: signed(request, authority.key), keyPem: pemOf(privateKey) };
}

interface ToSign {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly extensions: readonly Buffer[];
}

const BOOLEAN_TRUE = tlv(0x01, Buffer.from([0xff]));

function signed(request: ToSign, key: KeyObject): string {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  // The first bit of a positive integer is 0.
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)]);
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    algorithm,
    nameOf(request.issuer),
    sequence(utcTime(request.fromMs), utcTime(request.untilMs)),
    nameOf(request.subject),
    request.publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...request.extensions)),
  );
  const signature = sign("sha256", body, { key, dsaEncoding: "der" });
  const whole = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function keyId(publicKey: KeyObject): Buffer {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

function nameOf(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x0c, Buffer.from(commonName)))));
}

/** `YYMMDDhhmmssZ`, the form for years before 2050. */
function utcTime(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replaceAll(/\D/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`, "ascii"));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [BOOLEAN_TRUE] : []), tlv(0x04, value));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Seven bits an octet, the highest first; all but the last have the top bit set. */
function base128(value: number): readonly number[] {
  const octets = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) octets.unshift((rest & 0x7f) | 0x80);
  return octets;
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(value.length)]), value]);
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
