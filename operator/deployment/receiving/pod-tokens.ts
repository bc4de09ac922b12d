/**
 * A bridge reads a changed token when the kubelet has updated its volume: after up to a minute and a half, by the kubelet's
 * sync period and the lifetime of its cluster.
 */
const volumeUpdateMs = 120_000;

/** With which tokens a pod may read updates: the one in its Secret, and for a while those that were there before. */
export class PodTokens {
  /** By uid of the pod: the tokens, and until when each may be in use. */
  readonly #pods = new Map<string, Map<string, number>>();

  /** `current` is the token in the pod's Secret; undefined when it is missing, or cannot be read: the pod goes on with what it has. */
  of(pod: string, current: string | undefined, now: number): string[] {
    const tokens = this.#pods.get(pod) ?? new Map<string, number>();
    if (current !== undefined) {
      this.#pods.set(pod, tokens);
      for (const [token, until] of tokens) tokens.set(token, Math.min(until, now + volumeUpdateMs));
      tokens.set(current, Number.POSITIVE_INFINITY);
    }
    for (const [token, until] of tokens) if (until <= now) tokens.delete(token);
    return [...tokens.keys()];
  }

  /** Forgets the pods that are gone. */
  keep(pods: ReadonlySet<string>): void {
    for (const pod of this.#pods.keys()) if (!pods.has(pod)) this.#pods.delete(pod);
  }
}
