import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";

export function textOption(call: CommandCall, name: string): string | undefined {
  const value = call.options[name];
  return typeof value === "string" ? value : undefined;
}

export function flagOption(call: CommandCall, name: string): boolean {
  return call.options[name] === true;
}

export function wantsJson(call: CommandCall): boolean {
  return call.options["output"] === "json";
}

/** Only commands whose table entry says so are given `csv`. */
export function wantsCsv(call: CommandCall): boolean {
  return call.options["output"] === "csv";
}

export function numberOption(call: CommandCall, name: string): number | undefined {
  const text = textOption(call, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d/.test(text) || !Number.isFinite(value) || value <= 0)
    throw new UserError(`--${name}: "${text}" is no number above 0`);
  return value;
}

export function wholeOption(call: CommandCall, name: string): number | undefined {
  const value = numberOption(call, name);
  if (value !== undefined && !Number.isSafeInteger(value))
    throw new UserError(`--${name}: ${value} is no whole number`);
  return value;
}

/** The number of a cycle, as `status` shows it. */
export function cycleArgument(call: CommandCall): number | undefined {
  const text = call.args[0];
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new UserError(`"${text}" is no cycle number (\`tiercast status\` shows the last one)`);
  return Number(text);
}
