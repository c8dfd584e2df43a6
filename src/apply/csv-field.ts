/**
 * A path as one field of the comma-separated lists that pulumi's options take (RFC 4180):
 *
 *     /srv/a "b", c     "/srv/a ""b"", c"
 */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
