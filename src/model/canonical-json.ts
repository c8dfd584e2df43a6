import assert from "node:assert/strict";

/**
 * JSON with sorted keys and nothing that JSON cannot say: equal values give equal bytes. Keys whose value is
 * undefined vanish, undefined in a list becomes null (both as `JSON.stringify` does), -0 becomes 0. NaN, infinite
 * numbers, functions and class instances are broken assumptions.
 */
export function canonicalJson(value: unknown): string {
  return write(value, "$");
}

function write(value: unknown, path: string): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isFinite(value), `${path} is ${value}: not a number JSON can hold`);
    return JSON.stringify(value);
  }
  assert(typeof value === "object", `${path} is a ${typeof value}: not plain data`);
  if (Array.isArray(value)) return `[${value.map((item, at) => write(item, `${path}[${at}]`)).join(",")}]`;
  const prototype = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype || prototype === null, `${path} is not a plain object`);
  return `{${Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${write(item, `${path}.${key}`)}`)
    .join(",")}}`;
}
