import { isMap, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { type EventsText, MAX_EVENTS, type PlacedFields, tooMany } from "./events-text.ts";
import { inputError, quoted } from "./input-error.ts";
import { parseTimestamp } from "./timestamp.ts";
import type { ZoneClock } from "./zone-clock.ts";

const KEYS = ["id", "kind", "start", "end", "lift", "announced"];
const SHAPE = "write a list of events, or events: and the list, each with kind, start and end";

/** Events of a YAML or JSON text (JSON is YAML): a list, or a group with the list under `events`. */
export function listedEvents({ text, path, zone }: EventsText): readonly PlacedFields[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const what = fault.message.split("\n", 1)[0] ?? "";
    throw inputError(path, lines.linePos(fault.pos[0]).line, what, "mend it; an editor shows the place");
  }
  const root: unknown = document.contents;
  const list: unknown = isMap(root) ? root.get("events", true) : root;
  if (isMap(root)) {
    const others = root.items.map(({ key }) => String(key)).filter((key) => key !== "events");
    if (others.length > 0)
      throw inputError(path, 1, `${quoted(others[0] ?? "")} is no key of an events file`, SHAPE);
  }
  if (!isSeq(list)) throw inputError(path, 1, "is no list of events", SHAPE);
  if (list.items.length > MAX_EVENTS) throw tooMany(path, 1);
  return list.items.map((item) => {
    const place = item as { readonly range?: readonly number[] } | null;
    const line = lines.linePos(place?.range?.[0] ?? 0).line;
    if (!isMap(item)) throw inputError(path, line, "is no event", "write kind, start and end");
    return fieldsOf(item, path, line, zone);
  });
}

function fieldsOf(item: YAMLMap, path: string, line: number, zone: ZoneClock): PlacedFields {
  for (const { key } of item.items) {
    if (KEYS.includes(String(key))) continue;
    throw inputError(
      path,
      line,
      `${quoted(String(key))} is no key of an event`,
      `keys are ${KEYS.join(", ")}`,
    );
  }
  const scalar = (key: string): string | undefined => {
    const value: unknown = item.get(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string" || typeof value === "number") return String(value);
    throw inputError(path, line, `${key} is neither text nor a number`, "write it on one line");
  };
  for (const key of ["kind", "start", "end"]) {
    if (scalar(key) === undefined) throw inputError(path, line, `the event has no ${key}`, `add ${key}:`);
  }
  const startMs = parseTimestamp(scalar("start") ?? "", zone, Number.NEGATIVE_INFINITY);
  const announced = scalar("announced");
  const lift = scalar("lift");
  return {
    line,
    id: scalar("id"),
    kind: scalar("kind") ?? "",
    startMs,
    endMs: parseTimestamp(scalar("end") ?? "", zone, startMs),
    lift: lift === undefined ? undefined : Number(lift),
    announcedMs:
      announced === undefined ? undefined : parseTimestamp(announced, zone, Number.NEGATIVE_INFINITY),
  };
}
