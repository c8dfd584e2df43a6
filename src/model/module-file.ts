/**
 * The file of a module beside the caller's, with the caller's own extension: `.ts` in a clone, `.js` once built.
 * For files that another process starts (workers, engine child, provider), where a static import cannot say it.
 */
export function moduleFile(importMetaUrl: string, relativeWithoutExtension: string): URL {
  const extension = importMetaUrl.endsWith(".ts") ? ".ts" : ".js";
  return new URL(relativeWithoutExtension + extension, importMetaUrl);
}
