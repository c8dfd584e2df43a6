import { isDeepStrictEqual } from "node:util";
import { type CheckFailure, checkProps, type InputRules, type Props } from "./input-rules.ts";

/** What the provider remembers within one engine run. */
export interface RunMemory {
  /** Generation of the plan each platform (endpoint file) is updated to in this run. */
  readonly planGenerations: Map<string, number>;
}

export interface CheckResult {
  readonly inputs: Props;
  readonly failures: readonly CheckFailure[];
}

export interface ReadResult {
  readonly inputs: Props;
  readonly outputs: Props;
}

/** One type of resource: what the provider does for it. */
export interface ResourceKind {
  readonly type: string;
  readonly rules: InputRules;
  /** Fills what the program leaves out, from `olds`, the inputs in the engine's state ({} on create). */
  complete(news: Props, olds: Props): Props;
  /** Failures that need the old inputs; called when each property alone is right. */
  conflicts(news: Props, olds: Props, memory: RunMemory): readonly CheckFailure[];
  /** Properties that say nothing about the resource itself: their change is no change. */
  readonly ignored: readonly string[];
  /** Properties whose change makes it another resource. */
  readonly replacing: readonly string[];
  /** The resource's state outside the inputs has moved: update although the inputs agree. */
  needsRepair(olds: Props): boolean;
  /** Same inputs, same id: a create that is tried again adopts what the first one made. */
  idOf(inputs: Props): string;
  /** Create and update alike: both put the wanted state. */
  put(inputs: Props, memory: RunMemory): Promise<Props>;
  /** undefined: the platform answered and has no such resource. Not answering is an error, never "gone". */
  read(inputs: Props): Promise<ReadResult | undefined>;
  remove(outputs: Props): Promise<void>;
}

export interface DiffResult {
  readonly changed: readonly string[];
  readonly replaces: readonly string[];
}

export function checkResource(kind: ResourceKind, olds: Props, news: Props, memory: RunMemory): CheckResult {
  const inputs = kind.complete(news, olds);
  const failures = checkProps(kind.rules, inputs);
  return { inputs, failures: failures.length > 0 ? failures : kind.conflicts(inputs, olds, memory) };
}

/** Compares inputs with inputs: outputs repeat them and add only what the platform reports. */
export function diffResource(kind: ResourceKind, olds: Props, news: Props): DiffResult {
  const properties = Object.keys(kind.rules).filter((property) => !kind.ignored.includes(property));
  const changed = properties.filter((property) => !isSame(olds[property], news[property]));
  if (changed.length === 0 && kind.needsRepair(olds)) changed.push("running");
  return { changed, replaces: changed.filter((property) => kind.replacing.includes(property)) };
}

/** null and absent are the same: the engine drops some nulls from its state. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a ?? null, b ?? null);
}
