export interface EndpointTemplates {
  /** `/orders/:id` for `/orders/4711?x=1`; `(other)` for what is no path or one name too many. */
  templateOf(target: string, isAdmitted: boolean): string;
  /** Rises when earlier answers may no longer hold. */
  generation(): number;
  size(): number;
}

export const OTHER_ENDPOINT = "(other)";
const MAX_SEGMENTS = 8;
const MAX_SEGMENT_CHARACTERS = 48;
/** Different names below one place; more of them are ids. */
const MAX_CHILDREN = 100;
const ID = ":id";

/** Segments after which a person or a secret is named. */
const NAMING = new RegExp(
  "^(?:users?|u|people|person|profiles?|accounts?|members?|customers?|clients?|authors?|emails?|" +
    "tokens?|sessions?|reset|verify|confirm|activate|unsubscribe|invites?|invitations?|keys?|share|@me)$",
  "i",
);
const EXTENSIONS = new Set(
  (
    "html htm xhtml php php3 asp aspx jsp do cgi pl py rb js mjs cjs ts css map json xml rss atom txt csv md pdf doc " +
    "docx xls xlsx ppt pptx zip gz tgz tar rar 7z exe dmg deb rpm iso apk png jpg jpeg gif svg webp avif ico bmp tif " +
    "tiff xbm mp3 mp4 m4a m4v mpg mpeg mov avi webm ogg ogv wav flac m3u8 swf woff woff2 ttf otf eot wasm bin dat ps " +
    "htaccess wml class jar"
  ).split(" "),
);

interface Place {
  readonly children: Map<string, Place>;
  /** Had too many names: all that are no known ones are ids. */
  isFull: boolean;
}

/**
 * Templates of paths, at most `maxTemplates`. What looks like an id is one (numbers, dates, hashes, UUIDs,
 * mixed letters and digits, addresses, anything encoded), and so is what follows a segment such as `users`.
 * Where a place has more than 100 different names, those that come later are ids as well; at the root they
 * are `(other)`, or a scanner could take the site's own names away. Only what was answered well
 * (`isAdmitted`) makes new names.
 */
export function createEndpointTemplates(maxTemplates: number): EndpointTemplates {
  const root: Place = { children: new Map(), isFull: false };
  const templates = new Set<string>();
  let generation = 0;
  const admit = (template: string, isAdmitted: boolean): string => {
    if (templates.has(template)) return template;
    if (!isAdmitted || templates.size >= maxTemplates) return OTHER_ENDPOINT;
    templates.add(template);
    generation++;
    return template;
  };
  return {
    templateOf: (target, isAdmitted) => {
      const path = pathOf(target);
      if (path === undefined) return OTHER_ENDPOINT;
      const segments = segmentsOf(path).map((segment, i, all) => variableOf(segment, all[i - 1]));
      const named = inPlaces(root, segments, isAdmitted && templates.size < maxTemplates);
      return named === undefined ? OTHER_ENDPOINT : admit(`/${named.join("/")}`, isAdmitted);
    },
    generation: () => generation,
    size: () => templates.size,
  };
}

/** Path without query, fragment and host; undefined when there is none. */
export function pathOf(target: string): string | undefined {
  const slashes = target.startsWith("/") ? -1 : target.indexOf("://");
  if (slashes > 8) return undefined;
  const from = slashes < 0 ? 0 : target.indexOf("/", slashes + 3);
  if (slashes >= 0 && from < 0) return "/";
  if (target.charCodeAt(from) !== 47) return undefined;
  let to = from;
  while (to < target.length && target[to] !== "?" && target[to] !== "#") to++;
  return target.slice(from, to);
}

/** At most eight; what is deeper is left out. Two slashes are one, a slash at the end is none. */
function segmentsOf(path: string): readonly string[] {
  const segments: string[] = [];
  for (let at = 1; at < path.length && segments.length < MAX_SEGMENTS; ) {
    const next = path.indexOf("/", at);
    const to = next < 0 ? path.length : next;
    if (to > at) segments.push(withoutParameters(path.slice(at, Math.min(to, at + 200))));
    at = to + 1;
  }
  return segments;
}

/** `page;jsessionid=12AF` is `page`. */
function withoutParameters(segment: string): string {
  const semicolon = segment.indexOf(";");
  return semicolon < 0 ? segment : segment.slice(0, semicolon);
}

function variableOf(segment: string, before: string | undefined): string {
  if (before !== undefined && NAMING.test(before)) return ID;
  const dot = segment.lastIndexOf(".");
  if (dot <= 0) return looksLikeId(segment) ? ID : segment;
  const extension = segment.slice(dot + 1).toLowerCase();
  if (!EXTENSIONS.has(extension)) return ID;
  return looksLikeId(segment.slice(0, dot)) ? `${ID}.${extension}` : segment;
}

/** Plain words are none: letters, `-`, `_` and few digits. */
export function looksLikeId(segment: string): boolean {
  const { length } = segment;
  if (length > MAX_SEGMENT_CHARACTERS || /[^\w.~-]/.test(segment)) return true;
  const digits = length - segment.replaceAll(/\d/g, "").length;
  if (digits === 0) return length > 24 && !/[-_.]/.test(segment);
  return digits >= 3 || digits === length || (digits >= 2 && length >= 8 && !/[-_.]/.test(segment));
}

/** The names as they are known in their places; undefined at a root that is full. */
function inPlaces(root: Place, segments: readonly string[], mayAdd: boolean): string[] | undefined {
  const named: string[] = [];
  let place: Place | undefined = root;
  for (const segment of segments) {
    const known: Place | undefined = place?.children.get(segment);
    const isFull = place !== undefined && (place.isFull || place.children.size >= MAX_CHILDREN);
    if (known === undefined && isFull && segment !== ID) {
      if (place === root) return undefined;
      named.push(ID);
      place = childOf(place, ID, mayAdd);
    } else {
      named.push(segment);
      place = known ?? childOf(place, segment, mayAdd);
    }
  }
  return named;
}

function childOf(place: Place | undefined, segment: string, mayAdd: boolean): Place | undefined {
  const known = place?.children.get(segment);
  if (known !== undefined || place === undefined || !mayAdd) return known;
  const child: Place = { children: new Map(), isFull: false };
  place.children.set(segment, child);
  if (place.children.size >= MAX_CHILDREN) place.isFull = true;
  return child;
}
