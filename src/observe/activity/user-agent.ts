import type { AgentKind, DeviceClass } from "../../model/activity.ts";

export interface AgentClass {
  readonly device: DeviceClass;
  readonly agent: AgentKind;
}

const UNKNOWN: AgentClass = { device: "unknown", agent: "unknown" };
const MAX_CHARACTERS = 1024;

/** Programs that fetch pages by themselves and say so. */
const BOT = anyOf([
  "bot\\b|bot[/_;)-]|crawl|spider|slurp|archiver|transcoder|rss|feed(?:fetch|burner|parser|ly)|validator|scan|preview",
  "monitor|pingdom|uptime|facebookexternalhit|mediapartners|lighthouse|headless|phantomjs|check_http",
  "dummy connection|kube-probe|healthcheck|elb-",
]);
/** Libraries and commands. */
const TOOL = anyOf([
  "^(?:curl|wget|python|go-http|java/|apache-httpclient|okhttp|ruby|perl|libwww|php|node|axios|undici|got\\b|postman)",
  "^(?:insomnia|httpie|guzzle|aiohttp|httpx|dart|rust|reqwest|k6|ab/|apachebench|vegeta|hey/|jmeter|locust|siege|wrk)",
]);
const APP = /cfnetwork|darwin\/|\bdalvik|okhttp.*mobile|; wv\)|alamofire|reactnative|flutter/i;
const TABLET = /ipad|tablet|kindle|silk\/|playbook|android(?!.*mobile)/i;
const MOBILE = /mobi|iphone|ipod|android|blackberry|windows phone|opera mini|symbian|nokia/i;
const DESKTOP = /windows nt|macintosh|mac os x|x11|linux x86|cros|ubuntu|win(?:95|98|32|64)/i;
const BROWSER = /mozilla|opera|lynx|links|w3m|netscape/i;

/**
 * Device class and kind by what a user agent says. Small rules on purpose: five classes of each are all that
 * profiles keep, and an agent that lies is found by what it does.
 */
export function classifyAgent(text: string | undefined): AgentClass {
  if (text === undefined || text === "") return UNKNOWN;
  const agent = text.slice(0, MAX_CHARACTERS);
  if (BOT.test(agent)) return { device: "other", agent: "declared-bot" };
  if (TOOL.test(agent)) return { device: "other", agent: "tool" };
  const isApp = APP.test(agent);
  if (!isApp && !BROWSER.test(agent)) return UNKNOWN;
  return { device: deviceOf(agent), agent: isApp ? "app" : "browser" };
}

function deviceOf(agent: string): DeviceClass {
  if (TABLET.test(agent)) return "tablet";
  if (MOBILE.test(agent)) return "mobile";
  return DESKTOP.test(agent) ? "desktop" : "other";
}

function anyOf(patterns: readonly string[]): RegExp {
  return new RegExp(patterns.join("|"), "i");
}
