import { styleText } from "node:util";
import type { CommandCall } from "./command-spec.ts";

export type Style = Parameters<typeof styleText>[0];

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Colour only on a terminal that can, and never with `--no-color` or NO_COLOR. Nothing is said by colour alone. */
export function wantsColour(
  call: CommandCall,
  environment: Readonly<Record<string, string | undefined>>,
  stream: { readonly isTTY?: boolean },
): boolean {
  if (call.options["color"] === false || environment["NO_COLOR"]) return false;
  return stream.isTTY === true && environment["TERM"] !== "dumb";
}

export function paintWith(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}
