import { expect, test } from "vitest";
import { csvField } from "../../src/apply/csv-field.ts";

test.each([
  ["/srv/state/policy.json", "/srv/state/policy.json"],
  ["/srv/it's a folder/ü", "/srv/it's a folder/ü"],
  ["/srv/a,b", '"/srv/a,b"'],
  ['/srv/the "x"', '"/srv/the ""x"""'],
])("%s", (path, field) => {
  expect(csvField(path)).toBe(field);
});
