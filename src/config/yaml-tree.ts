import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { type Position, type Problem, type SettingPath, shown } from "./problem.ts";

/** A YAML text as plain values (objects without prototype), and where each of them stands. */
export interface YamlTree {
  readonly value: unknown;
  /** Problems of the text itself. When `broken`, `value` is a guess not worth checking. */
  readonly problems: readonly Problem[];
  readonly broken: boolean;
  /** Where the value (or the key) at `path` stands; undefined when it is not in the text. */
  locate(path: SettingPath, pointsAt: Problem["pointsAt"]): Position | undefined;
}

/** Far above any honest configuration; an alias bomb passes it in milliseconds. */
const MAX_NODES = 10_000;
const MAX_DEPTH = 20;
const MAX_SYNTAX_PROBLEMS = 10;
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

interface Reading {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly problems: Problem[];
  readonly positions: Map<string, Position>;
  nodes: number;
}

export function readYamlTree(text: string): YamlTree {
  const lines = new LineCounter();
  const document = parse(text, lines);
  if (document === undefined) {
    const problem: Problem = { path: [], pointsAt: "value", message: "is nested too deeply to be read" };
    return { value: undefined, problems: [problem], broken: true, locate: () => undefined };
  }
  const faults = firstOfEachPlace([...document.errors, ...document.warnings]).slice(0, MAX_SYNTAX_PROBLEMS);
  const problems = faults.map((fault) => syntaxProblem(fault, text, lines));
  const reading: Reading = { document, lines, problems, positions: new Map(), nodes: 0 };
  const broken = faults.some((fault) => fault.code !== "DUPLICATE_KEY");
  const value = broken ? undefined : readNode(reading, document.contents, []);
  return {
    value,
    problems,
    broken: broken || reading.nodes > MAX_NODES,
    locate: (path, pointsAt) => reading.positions.get(positionKey(path, pointsAt)),
  };
}

function parse(text: string, lines: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, version: "1.2" });
  } catch {
    return undefined;
  }
}

/** One mistake makes the parser complain in many ways about one place. */
function firstOfEachPlace(faults: readonly YAMLError[]): readonly YAMLError[] {
  const seen = new Set<number>();
  return faults.filter(({ pos }) => !seen.has(pos[0]) && seen.add(pos[0]));
}

function readNode(reading: Reading, node: Node | null, path: SettingPath): unknown {
  reading.nodes++;
  if (reading.nodes > MAX_NODES || path.length > MAX_DEPTH) return tooMuch(reading, node, path);
  mark(reading, path, "value", node);
  if (isAlias(node)) return readNode(reading, node.resolve(reading.document) ?? null, path);
  if (isMap(node)) return readMap(reading, node, path);
  if (isSeq(node)) return node.items.map((item, i) => readNode(reading, item as ParsedNode, [...path, i]));
  return isScalar(node) ? node.value : null;
}

function readMap(reading: Reading, map: YAMLMap, path: SettingPath): unknown {
  const value: Record<string, unknown> = Object.create(null);
  for (const pair of map.items) {
    const keyNode = pair.key as ParsedNode;
    const key = readKey(reading, keyNode, path);
    if (key === undefined || key in value) continue;
    const here = [...path, key];
    mark(reading, here, "key", keyNode);
    value[key] = readNode(reading, pair.value as ParsedNode | null, here);
    if (pair.value === null) mark(reading, here, "value", keyNode);
  }
  return value;
}

function readKey(reading: Reading, node: ParsedNode, path: SettingPath): string | undefined {
  const key = isScalar(node) ? String(node.value) : undefined;
  if (key !== undefined && !FORBIDDEN_KEYS.has(key)) return key;
  const message = `may not have ${key === undefined ? "a list or group" : shown(key)} as a key (delete it)`;
  reading.problems.push({ path, message, pointsAt: "key", ...at(reading, node) });
  return undefined;
}

/** Says it once; the rest of the bomb is not even looked at, as every further node ends here. */
function tooMuch(reading: Reading, node: Node | null, path: SettingPath): undefined {
  if (reading.nodes > MAX_NODES + 1) return undefined;
  reading.nodes = MAX_NODES + 1;
  const message = `has more than ${MAX_NODES} values or ${MAX_DEPTH} levels (write aliases out)`;
  reading.problems.push({ path: path.slice(0, 1), message, pointsAt: "key", ...at(reading, node) });
  return undefined;
}

function mark(reading: Reading, path: SettingPath, pointsAt: Problem["pointsAt"], node: Node | null): void {
  const { position } = at(reading, node);
  const key = positionKey(path, pointsAt);
  if (position !== undefined && !reading.positions.has(key)) reading.positions.set(key, position);
}

function at(reading: Reading, node: Node | null): { readonly position?: Position } {
  const offset = node?.range?.[0];
  return offset === undefined ? {} : { position: positionOf(reading.lines, offset) };
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function positionKey(path: SettingPath, pointsAt: Problem["pointsAt"]): string {
  return `${pointsAt} ${JSON.stringify(path)}`;
}

function syntaxProblem(fault: YAMLError, text: string, lines: LineCounter): Problem {
  const position = positionOf(lines, fault.pos[0]);
  return { path: [], pointsAt: "value", position, message: syntaxMessage(fault, text) };
}

function syntaxMessage(fault: YAMLError, text: string): string {
  const rest = text.slice(fault.pos[0], fault.pos[0] + 60);
  switch (fault.code) {
    case "TAB_AS_INDENT":
      return "a tab indents here (write spaces)";
    case "DUPLICATE_KEY":
      return `key ${shown(/^[^:\n]*/.exec(rest)?.[0] ?? "")} is written twice (delete one)`;
    case "MULTIPLE_DOCS":
      return "a second document begins here (delete the --- line and what follows)";
    case "TAG_RESOLVE_FAILED":
      return `tags are not read here (delete ${shown(/^\S*/.exec(rest)?.[0] ?? "!")})`;
    default: {
      if (fault.message.includes("call stack")) return "is nested too deeply to be read (flatten it)";
      const words = fault.message.replaceAll(/\s+/g, " ").slice(0, 120);
      return `is not YAML: ${words} (check indentation, quotes and brackets here)`;
    }
  }
}
