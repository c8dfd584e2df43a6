import type { ActivityEvent } from "../model/activity.ts";
import type { ResourceType } from "../model/user-profile.ts";

const ASSET =
  /\.(?:gif|jpe?g|png|ico|svg|webp|avif|bmp|xbm|css|m?js|map|woff2?|ttf|eot|otf|mpe?g|mp[34]|wav|au|webm|class|swf)$/i;
const DOCUMENT = /\.(?:pdf|zip|gz|tgz|bz2|xz|jar|rpm|deb|exe|docx?|xlsx?|pptx?|ps|txt|csv|tar)$/i;
const FEED = /(?:^|\/)(?:feeds?|rss|atom)(?:\/|$|\.)|\.(?:rss|atom|rdf)$|(?:rss|atom|index|feed)2?\.xml$/i;
const ROBOTS = /\/(?:robots\.txt|sitemap[\w-]*\.xml(?:\.gz)?)$/i;
const API = /(?:^|\/)(?:api|graphql|rest|rpc|v\d+)(?:\/|$)|\.json$/i;
const PROBE =
  /wp-login|xmlrpc\.php|phpmyadmin|\/\.env|\/\.git|cgi-bin\/|\.\.\/|\/etc\/passwd|\/setup\.php|\/admin\.php/i;

/** Looked at in this order: a probe for `/phpmyadmin/setup.js` is a probe first. */
const RULES: readonly (readonly [ResourceType, RegExp])[] = [
  ["robots", ROBOTS],
  ["probe", PROBE],
  ["asset", ASSET],
  ["feed", FEED],
  ["api", API],
  ["document", DOCUMENT],
];

export function resourceTypeOf(endpoint: string): ResourceType {
  return RULES.find(([, pattern]) => pattern.test(endpoint))?.[0] ?? "page";
}

/** A step of navigation: something a person chose, that worked. Assets follow by themselves and are none. */
export function isStep(event: Pick<ActivityEvent, "method" | "status">, type: ResourceType): boolean {
  if (event.method === "HEAD" || event.method === "OPTIONS" || event.status >= 400) return false;
  return type === "page" || type === "api" || type === "document";
}

/** First segment of the path: the part of the product that an endpoint belongs to. */
export function areaOf(endpoint: string): string {
  const end = endpoint.indexOf("/", 1);
  return end < 0 ? endpoint : endpoint.slice(0, end);
}
