import type { DeploymentSpec } from "../../api/spec.ts";
import { changesAt, type GeneratedValue, soonMs } from "./generated-value.ts";
import type { PreviousKey } from "./previous-keys.ts";
import { warningsAt } from "./problems.ts";

type Changing = {
  readonly spec: DeploymentSpec;
  readonly hmac: GeneratedValue;
  readonly keys: ReadonlyMap<string, GeneratedValue>;
  readonly dashboard: { readonly password: GeneratedValue } | undefined;
  readonly previousKeys: readonly PreviousKey[];
};

type Pass = {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly mayWrite: boolean;
  /** Of its writes. */
  readonly failures: readonly unknown[];
};

/**
 * Milliseconds until a secret changes by itself, or what is said of it: undefined while none does. At most a day, because a timer of
 * Node holds less than 25.
 */
export function untilSecretsChange(changing: Changing, { now, mayWrite, failures }: Pass): number | undefined {
  const { spec, hmac, keys, dashboard, previousKeys } = changing;
  const values = [hmac, ...keys.values(), ...(dashboard ? [dashboard.password] : [])];
  // What is due and may not be written, as while the resource is paused, is no reason to look again. A write that was refused is
  // tried again in its own time.
  const earliest = failures.length > 0 ? now + soonMs : mayWrite ? Number.NEGATIVE_INFINITY : now;
  const isAhead = (at: number) => at > earliest;
  const endsAt = ({ expires, isHeld }: PreviousKey) =>
    isHeld ? (mayWrite ? [now + soonMs] : []) : [Date.parse(expires)];
  const moments = [
    ...values.flatMap(({ next, ...value }) => changesAt(mayWrite && next ? { ...value, next } : value, now)),
    ...previousKeys.flatMap(endsAt),
    ...warningsAt(spec).filter((at) => at > now),
  ].filter(isAhead);
  return moments.length === 0 ? undefined : Math.max(0, Math.min(...moments.map((at) => at - now), longestRestMs));
}

const longestRestMs = 24 * 60 * 60 * 1000;
