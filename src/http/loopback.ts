import { isIP } from "node:net";
import { UserError } from "../model/user-error.ts";

/** The address to bind for `host`, which has to be this machine's own: there is no access control here. */
export function loopbackAddress(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  // Not left to the resolver: a hosts file can make localhost anything.
  if (bare === "localhost") return "127.0.0.1";
  if (isLoopbackAddress(bare)) return bare;
  throw new UserError(
    `http.host ${JSON.stringify(host)} is not a loopback address: use 127.0.0.1 or ::1, ` +
      "and put an authenticating proxy in front to reach it from elsewhere",
  );
}

/**
 * Whether a request's Host header means this machine: a web page that rebinds its name to 127.0.0.1 does not.
 */
export function isLoopbackHostHeader(header: string | undefined): boolean {
  const name = (header ?? "")
    .replace(/:\d{1,5}$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  return name === "localhost" || isLoopbackAddress(name);
}

function isLoopbackAddress(text: string): boolean {
  return (isIP(text) === 4 && text.startsWith("127.")) || text === "::1";
}
