import { UserError } from "../../model/user-error.ts";

/** Where a server's HTTP API is. */
export interface Address {
  /** For messages: scheme, host and path prefix. */
  readonly shown: string;
  /** `http://host:9090/prefix/api/v1/`. */
  readonly api: string;
}

/** Pages of the web interface that people copy out of the browser's address line. */
const PAGES = /\/(?:graph|query|targets|alerts|status|api\/v1(?:\/.*)?)?\/*$/;

/**
 * The API behind `url`; `name` is the setting or flag for the message. A `UserError` when it is no `http` or `https`
 * address, or holds a name or password: those would end up in logs and process lists.
 */
export function readAddress(url: string, name: string): Address {
  const fail = (what: string, fix: string): never => {
    throw new UserError(`${name}: ${what} (${fix})`);
  };
  const parsed = URL.parse(url) ?? fail("is no address", "write it like http://prometheus:9090");
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:")
    fail(`${parsed.protocol}// is not supported`, "write http:// or https://");
  if (parsed.username !== "" || parsed.password !== "")
    fail("holds a user name or password", "name it with a user and a password file instead");
  if (parsed.search !== "" || parsed.hash !== "")
    fail("has a ? or # part", "write the server's address only");
  const prefix = parsed.pathname.replace(PAGES, "");
  const shown = `${parsed.origin}${prefix}`;
  return { shown, api: `${shown}/api/v1/` };
}
