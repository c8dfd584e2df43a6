/** Properties as the engine sends them. */
export type Props = Readonly<Record<string, unknown>>;

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** Says what is wrong with a value, or undefined. */
export type InputRule = (value: unknown) => string | undefined;

export type InputRules = Readonly<Record<string, InputRule>>;

/** What the engine sends for a value that is known only during the update. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** One failure per property that is wrong, missing or not known here. */
export function checkProps(rules: InputRules, props: Props): readonly CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const property of Object.keys(props)) {
    if (property !== INTERNAL && !Object.hasOwn(rules, property)) {
      failures.push({ property, reason: `is not a property: use ${Object.keys(rules).join(", ")}` });
    }
  }
  for (const [property, rule] of Object.entries(rules)) {
    const value = props[property];
    const reason = value === UNKNOWN ? undefined : rule(value);
    if (reason !== undefined) failures.push({ property, reason });
  }
  return failures;
}

/** A property the engine adds to the inputs of some resources. */
const INTERNAL = "__defaults";

export function text(mostChars = 256): InputRule {
  return (value) =>
    typeof value === "string" && value !== "" && value.length <= mostChars
      ? undefined
      : `is ${shown(value)}: give a text of 1 to ${mostChars} characters`;
}

export function anyText(mostChars = 1_024): InputRule {
  return (value) =>
    typeof value === "string" && value.length <= mostChars
      ? undefined
      : `is ${shown(value)}: give a text of at most ${mostChars} characters`;
}

/** Lower case, because it names processes, files and stacks. */
export function serviceName(): InputRule {
  return (value) =>
    typeof value === "string" && /^[a-z0-9][a-z0-9-]{0,62}$/.test(value)
      ? undefined
      : `is ${shown(value)}: use lower-case letters, digits and hyphens, at most 63`;
}

/** Lower case, because it names a socket file. */
export function pieceName(): InputRule {
  return (value) =>
    typeof value === "string" && /^[a-z][a-z0-9-]{0,39}$/.test(value)
      ? undefined
      : `is ${shown(value)}: use lower-case letters, digits and hyphens, at most 40`;
}

export function absolutePath(): InputRule {
  return (value) =>
    typeof value === "string" && value.startsWith("/") && !value.includes("\0")
      ? undefined
      : `is ${shown(value)}: give an absolute path`;
}

export function oneOf(choices: readonly string[]): InputRule {
  return (value) =>
    choices.some((choice) => choice === value)
      ? undefined
      : `is ${shown(value)}: use one of ${choices.join(", ")}`;
}

export function whole(least: number, most: number): InputRule {
  return (value) =>
    Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `is ${shown(value)}: give a whole number from ${least} to ${most}`;
}

export function amount(least: number, most: number): InputRule {
  return (value) =>
    typeof value === "number" && value >= least && value <= most
      ? undefined
      : `is ${shown(value)}: give a number from ${least} to ${most}`;
}

export function instantMs(): InputRule {
  return (value) =>
    typeof value === "number" && Number.isFinite(value)
      ? undefined
      : `is ${shown(value)}: give an instant in milliseconds since 1970`;
}

/** The rule, or nothing at all. */
export function optional(rule: InputRule): InputRule {
  return (value) => (value === undefined || value === null ? undefined : rule(value));
}

const MOST_TAGS = 50;

export function tags(): InputRule {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return `is ${shown(value)}: give tags as a map of texts`;
    }
    const entries = Object.entries(value);
    if (entries.length > MOST_TAGS) return `has ${entries.length} tags: at most ${MOST_TAGS}`;
    const wrong = entries.find(([, each]) => typeof each !== "string" || each.length > 256);
    return wrong
      ? `has tag ${wrong[0]} ${shown(wrong[1])}: give a text of at most 256 characters`
      : undefined;
  };
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : (JSON.stringify(value)?.slice(0, 60) ?? String(value));
}
