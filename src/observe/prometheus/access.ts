import { readFile } from "node:fs/promises";
import type { ConnectionSettings } from "../../model/settings.ts";
import { UserError } from "../../model/user-error.ts";
import { inputError, unreadable } from "../input-error.ts";

/** What opens the door: header lines and the authorities that are trusted. Never logged, never in a message. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads tokens, passwords and authorities anew, as they are renewed on disk while a daemon runs. A `UserError` names
 * the file or variable, never what is in it.
 */
export async function readAccess(connection: ConnectionSettings, environment: Environment): Promise<Access> {
  const { bearerTokenFile, bearerTokenEnv, username, passwordFile, passwordEnv, caFile } = connection;
  const token = await secretOf(bearerTokenFile, bearerTokenEnv, environment);
  const headers: Record<string, string> = { ...connection.headers };
  if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
  else if (username !== undefined) {
    const password = (await secretOf(passwordFile, passwordEnv, environment)) ?? "";
    headers["Authorization"] = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  }
  return { headers, ca: caFile === undefined ? undefined : await textOf(caFile) };
}

async function secretOf(
  file: string | undefined,
  variable: string | undefined,
  environment: Environment,
): Promise<string | undefined> {
  if (file !== undefined) {
    const text = (await textOf(file)).trim();
    if (!/^[\x20-\x7e]+$/.test(text))
      throw inputError(file, undefined, "holds no secret on one line", "write the token or password in it");
    return text;
  }
  if (variable === undefined) return undefined;
  const text = environment[variable]?.trim() ?? "";
  if (!/^[\x20-\x7e]+$/.test(text))
    throw new UserError(
      `environment ${variable}: holds no secret on one line (set it to the token or password)`,
    );
  return text;
}

const MAX_BYTES = 1024 * 1024;

async function textOf(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, 1, error);
  });
  if (bytes.length > MAX_BYTES) throw inputError(file, undefined, "is over 1 MiB", "name the right file");
  return bytes.toString("utf8");
}
