/**
 * Names that many users have: `of` is undefined for one that is only a few users', as it may name a person.
 */
export interface SharedNames {
  of(name: string, user: string): string | undefined;
}

/** Names that wait to be known. */
const MAX_PENDING = 256;

/**
 * A name is known once `k` users have had it, at most `max` of them. Of the names that wait, the first that
 * came are given up for new ones: whoever invents names gains nothing, as each needs `k` users.
 */
export function createSharedNames(k: number, max: number): SharedNames {
  const known = new Set<string>();
  const pending = new Map<string, Set<string>>();
  return {
    of: (name, user) => {
      if (known.has(name)) return name;
      if (known.size >= max) return undefined;
      const users = pending.get(name) ?? new Set();
      users.add(user);
      if (users.size >= k) {
        pending.delete(name);
        known.add(name);
        return name;
      }
      pending.set(name, users);
      if (pending.size > MAX_PENDING) pending.delete(pending.keys().next().value ?? "");
      return undefined;
    },
  };
}
