import type { EndpointTemplates } from "./endpoint-template.ts";
import { OTHER_ENDPOINT, pathOf } from "./endpoint-template.ts";

const MAX_HOSTS = 64;
const MAX_HOST_CHARACTERS = 253;

/** Endpoint of the same site that led to a request; undefined for other sites and for none. */
export interface OwnSite {
  /** Of a referrer's text: reads it once, so that its answer can be kept. */
  read(referrer: string): Referrer | undefined;
  /** `host` is that of the request, where the line tells. */
  endpointOf(referrer: Referrer, host: string | undefined): string | undefined;
}

export interface Referrer {
  readonly host: string;
  readonly path: string;
  endpoint: string | undefined;
  generation: number;
}

/**
 * The site's hosts are those of the configuration; without any, the request's own host; where lines tell
 * none, the host that most referrers have, as most steps are within a site. Only endpoints that requests have
 * made known are named.
 */
export function createOwnSite(hosts: readonly string[], templates: EndpointTemplates): OwnSite {
  const own = new Set(hosts.map((host) => host.toLowerCase()));
  const counts = new Map<string, number>();
  let leading = "";
  const count = (host: string): void => {
    const known = counts.get(host);
    if (known === undefined && counts.size >= MAX_HOSTS) return;
    counts.set(host, (known ?? 0) + 1);
    if ((known ?? 0) + 1 > (counts.get(leading) ?? 0)) leading = host;
  };
  const isOwn = (host: string, requestHost: string | undefined): boolean => {
    if (own.size > 0) return own.has(host);
    if (requestHost !== undefined) return host === plainHost(requestHost);
    count(host);
    return host === leading;
  };
  return {
    read: (text) => {
      const host = hostOf(text);
      const path = pathOf(text);
      return host === undefined || path === undefined
        ? undefined
        : { host, path, endpoint: undefined, generation: -1 };
    },
    endpointOf: (referrer, requestHost) => {
      if (!isOwn(referrer.host, requestHost)) return undefined;
      if (referrer.generation !== templates.generation()) {
        referrer.generation = templates.generation();
        const endpoint = templates.templateOf(referrer.path, false);
        referrer.endpoint = endpoint === OTHER_ENDPOINT ? undefined : endpoint;
      }
      return referrer.endpoint;
    },
  };
}

function hostOf(url: string): string | undefined {
  const slashes = url.startsWith("http") ? url.indexOf("://") : -1;
  if (slashes < 4 || slashes > 5) return undefined;
  const end = url.indexOf("/", slashes + 3);
  const host = url.slice(slashes + 3, end < 0 ? url.length : end);
  return host.length > MAX_HOST_CHARACTERS ? undefined : plainHost(host);
}

/** Without name, port and case. */
function plainHost(host: string): string {
  return host
    .slice(host.lastIndexOf("@") + 1)
    .replace(/:\d{1,5}$/, "")
    .toLowerCase();
}
