const known = new Map<string, string>();

/** Beyond so many texts it starts over: objects keep the texts that they have, later ones share another copy. */
const most = 10_000;

/**
 * One shared copy of a text that many cached objects contain; parsing creates a copy for each.
 *
 * @example
 * ```ts
 * const namespace = interned(deployment.metadata.namespace ?? "");
 * ```
 */
export function interned(text: string): string {
  const copy = known.get(text);
  if (copy !== undefined) return copy;
  if (known.size >= most) known.clear();
  known.set(text, text);
  return text;
}
