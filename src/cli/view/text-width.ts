/** Columns that a character takes on a terminal: 0, 1 or 2. */
export function characterWidth(character: string): number {
  if (/^\p{Mn}$/u.test(character)) return 0;
  return WIDE_BLOCKS.test(character) || /^\p{Emoji_Presentation}/u.test(character) ? 2 : 1;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** East Asian wide and full-width blocks. */
const WIDE_BLOCKS =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

/** `text` in at most `columns`, the last one an ellipsis when something was cut. */
export function clipText(text: string, columns: number, ellipsis: string): string {
  if (textWidth(text) <= columns) return text;
  const room = columns - textWidth(ellipsis);
  let width = 0;
  let clipped = "";
  for (const character of text) {
    width += characterWidth(character);
    if (width > room) break;
    clipped += character;
  }
  return columns <= 0 ? "" : clipped + ellipsis;
}

/** `text` in lines of at most `columns`, broken between words where there are some; at most `maxLines`. */
export function wrapText(
  text: string,
  columns: number,
  maxLines: number,
  ellipsis: string,
): readonly string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== "" && lines.length < maxLines - 1 && textWidth(rest) > columns) {
    const head = clipText(rest, columns, "");
    const space = head.lastIndexOf(" ");
    const cut = rest[head.length] === " " || space < head.length / 2 ? head.length : space;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return rest === "" ? lines : [...lines, clipText(rest, columns, ellipsis)];
}
