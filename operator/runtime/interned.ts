const known = new Map<string, string>();

/** Beyond so many texts it starts over: what objects hold stays, later ones share another copy. */
const most = 10_000;

/**
 * The one copy of a text that many cached objects carry: each parsed object brings its own.
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
