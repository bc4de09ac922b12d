/** Secrets that several processes share. They may change while the process runs: ask each time. */
export type SigningSecrets = {
  /** With which this process signs. */
  readonly current: string;
  /** Those that count, the current one first; during a rotation there are several. None of them is empty. */
  readonly all: readonly string[];
};

/**
 * Secrets of which one never changes, or that are some already.
 *
 * @example
 * ```ts
 * secretsOf("a-secret-of-at-least-32-characters!").all.length; // => 1
 * secretsOf("").all.length; // => 0
 * ```
 */
export function secretsOf(secret: string | SigningSecrets): SigningSecrets {
  if (typeof secret !== "string") return secret;
  return { current: secret, all: secret === "" ? [] : [secret] };
}
