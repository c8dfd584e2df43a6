import type { Settings } from "../model/settings.ts";
import { type CrossCheck, rule } from "./cross-check.ts";

/** Rules over warm kinds and pre-warming tasks. */
export function warmChecks(settings: Settings): readonly CrossCheck[] {
  const kinds = (settings.warm.kinds ?? []).flatMap((kind, i) => {
    const at = (field: string) => ["warm", "kinds", i, field];
    return [
      { ...rule("", "warm.kinds", (now) => twice(now.warm.kinds ?? [], i)), path: at("name") },
      {
        ...rule("", "warm.kinds", () =>
          kind.minCount > kind.maxCount
            ? `${kind.maxCount} is below minCount ${kind.minCount} (raise it)`
            : undefined,
        ),
        path: at("maxCount"),
      },
      {
        ...rule("", "warm.kinds", () =>
          kind.target.port < 1 || kind.target.port > 65_535
            ? `has no port ${kind.target.port} (1 to 65535)`
            : undefined,
        ),
        path: at("target"),
      },
    ];
  });
  const tasks = (settings.prewarm?.tasks ?? []).map((_, i) => ({
    ...rule("", "prewarm.tasks", (now) => twice(now.prewarm?.tasks ?? [], i)),
    path: ["prewarm", "tasks", i, "name"],
  }));
  return [...kinds, ...tasks];
}

function twice(named: readonly { readonly name: string }[], at: number): string | undefined {
  const name = named[at]?.name ?? "";
  return named.findIndex((other) => other.name === name) < at
    ? `${name} is there twice (rename one)`
    : undefined;
}
