/** Data goes to stdout and nothing else does; all that is said besides goes to stderr through `note`. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One JSON document on stdout, versioned: fields are added, never renamed or dropped, within `v1`. */
export function printJson(kind: string, data: object): void {
  print(JSON.stringify({ apiVersion: "tiercast/v1", kind, ...data }, finite, 2));
}

/** JSON has no NaN and no infinity: both are "not known". */
function finite(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
}
