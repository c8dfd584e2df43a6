import { UserError } from "../model/user-error.ts";

/** `file:line: what (how to mend)`, for a file the user gave. Without a line it is about the whole file. */
export function inputError(path: string, line: number | undefined, what: string, fix: string): UserError {
  return new UserError(`${path}${line === undefined ? "" : `:${line}`}: ${what} (${fix})`);
}

/** Text of a file as it is quoted in a message: printable, on one line, at most 40 characters. */
export function quoted(text: string): string {
  const printable = text.replaceAll(/[^\x20-\x7e]/g, "?");
  return `"${printable.length > 40 ? `${printable.slice(0, 37)}...` : printable}"`;
}

/** The one line for an error of the file system or of decompression. */
export function unreadable(path: string, line: number, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
      return inputError(path, undefined, "no such file", "check the path");
    case "EISDIR":
      return inputError(path, undefined, "is a folder", "name the file in it");
    case "EACCES":
    case "EPERM":
      return inputError(path, undefined, "may not be read", "give your user the right to read it");
    case "Z_BUF_ERROR":
      return inputError(path, line, "the gzip file ends too early", "copy or compress it again");
    case "Z_DATA_ERROR":
      return inputError(path, line, "the gzip file is damaged", "copy or compress it again");
    default:
      return inputError(path, undefined, `cannot be read: ${code || String(error)}`, "check file and disk");
  }
}
