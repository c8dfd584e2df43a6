/** Steps from the root of the configuration: keys, and indexes of lists. */
export type SettingPath = readonly (string | number)[];

/** Something the user must mend. `key` points at the key itself, `value` at what stands there. */
export interface Problem {
  readonly path: SettingPath;
  readonly message: string;
  readonly pointsAt: "key" | "value";
  /** Settings it is about as well, in whose place it is shown when `path` is not in the text. */
  readonly about?: readonly SettingPath[];
  /** Where, when it is known better than by the path (syntax errors). */
  readonly position?: Position;
}

/** Line and column count from 1, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** `resources[0].perUnit`; keys that are not plain words are quoted, so that nothing can forge a second line. */
export function pathText(path: SettingPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += `${text === "" ? "" : "."}${/^[\w-]{1,60}$/.test(step) ? step : shown(step)}`;
  }
  return text;
}

/** A value as it is quoted in a message: on one line, printable, at most 60 characters. */
export function shown(value: unknown): string {
  if (typeof value === "number") return yamlNumber(value);
  const text = typeof value === "object" && value !== null ? kindText(value) : JSON.stringify(value);
  const printable = (text ?? "nothing").replaceAll(/[^\x20-\x7e\u00a1-\u02ff]/g, "?");
  return printable.length > 60 ? `${printable.slice(0, 57)}..."` : printable;
}

function yamlNumber(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? ".inf" : "-.inf";
}

function kindText(value: object): string {
  return Array.isArray(value) ? "a list" : "a group of settings";
}
