import { type AlertName, alertRules } from "../../contract/alert-rules.ts";
import type { ShownAlert } from "../../contract/monitoring.ts";
import type { BridgeTelling, ServerTelling } from "../../contract/monitoring-servers.ts";

/** What alerts are judged by. */
export type Judged = {
  /** Undefined: the bridge does not answer. */
  readonly bridge: BridgeTelling | undefined;
  readonly servers: readonly ServerTelling[];
};

/** Of one alert: what is wrong, and since when if that is known; undefined while nothing is. */
type Condition = { readonly message: string; readonly since?: number } | undefined;

/** One request in twenty. */
const tail = 0.05;

/** Those that can be told without a Prometheus: which backups there should be, and how old secrets may be, only the operator knows. */
const conditions: Readonly<
  Record<Exclude<AlertName, "BackupTooOld" | "RotationOverdue">, (judged: Judged) => Condition>
> = {
  MCPServerDown({ bridge }) {
    const missing = bridge?.missing ?? [];
    const [first] = missing.map(({ last_seen_at }) => last_seen_at).toSorted();
    if (first === undefined) return undefined;
    const names = missing.slice(0, 5).map(({ name }) => name);
    return { message: `Nothing is heard any more of ${names.join(", ")}`, since: Date.parse(first) };
  },
  HighErrorRate: rate("errors", alertRules.HighErrorRate.above, "answers with 5xx a second"),
  HighLatency({ servers }) {
    const requests = sum(servers, ({ report }) => report.per_minute.requests);
    const slow = sum(servers, ({ report, slow_share }) => report.per_minute.requests * slow_share);
    if (requests === 0 || slow / requests <= tail) return undefined;
    return {
      message: `${Math.round((100 * slow) / requests)} % of the requests take more than ${alertRules.HighLatency.above} s`,
    };
  },
  AuthenticationFailures: rate(
    "unauthenticated",
    alertRules.AuthenticationFailures.above,
    "wrong or missing keys a second",
  ),
  RateLimitViolations: rate("limited", alertRules.RateLimitViolations.above, "requests over the limit a second"),
  APIKeysNotLoaded({ servers }) {
    const names = servers.filter(({ keys_failed }) => keys_failed).map(({ report }) => report.name);
    return names.length === 0
      ? undefined
      : { message: `The API keys cannot be used by ${names.slice(0, 5).join(", ")}` };
  },
  BridgeDown: ({ bridge }) =>
    bridge === undefined ? { message: "The bridge does not answer: no message is delivered" } : undefined,
  MessagesDelayed({ bridge }) {
    if (bridge === undefined || bridge.paused !== undefined || bridge.fenced !== undefined) return undefined;
    const { oldest_age_seconds: age } = bridge.queue;
    if (age <= alertRules.MessagesDelayed.above) return undefined;
    return { message: `The oldest message has waited for ${Math.round(age)} s` };
  },
  DeliveryPaused({ bridge }) {
    const { paused, fenced } = bridge ?? {};
    const [since] = [paused, fenced].flatMap((stopped) => stopped?.since ?? []).toSorted();
    if (since === undefined) return undefined;
    const message = fenced === undefined ? "Delivery is stopped" : "The bridge is fenced";
    return { message: `${message}: messages are kept`, since: Date.parse(since) };
  },
  MessagesFailed({ bridge }) {
    const refused = bridge?.recent.refused_15m ?? 0;
    if (refused <= alertRules.MessagesFailed.above) return undefined;
    return { message: `Telegram refused ${refused} message(s) for good in the last 15 minutes` };
  },
  VolumeNearlyFull({ bridge }) {
    const used = bridge?.recent.volume_used_percent ?? 0;
    if (used <= alertRules.VolumeNearlyFull.above) return undefined;
    return { message: `${Math.round(used)} % of the queue's volume are in use` };
  },
  SignatureFailures({ bridge }) {
    const failures = bridge?.recent.signature_failures_per_second ?? 0;
    if (failures <= alertRules.SignatureFailures.above) return undefined;
    return { message: `The bridge refuses ${rounded(failures)} signatures a second` };
  },
};

/** Judges alerts again and again, and remembers since when the condition of each holds. */
export class Alerts {
  readonly #since = new Map<AlertName, number>();

  judge(judged: Judged, now: number): readonly ShownAlert[] {
    return Object.entries(conditions).flatMap(([text, condition]) => {
      const name = text as keyof typeof conditions;
      const found = condition(judged);
      if (found === undefined) {
        this.#since.delete(name);
        return [];
      }
      const since = Math.min(now, known(found.since) ?? this.#since.get(name) ?? now);
      this.#since.set(name, since);
      const { severity, forSeconds } = alertRules[name];
      const firing = now - since >= forSeconds * 1000;
      return [{ name, severity, message: found.message.slice(0, 256), since: new Date(since).toISOString(), firing }];
    });
  }
}

function rate(what: "errors" | "limited" | "unauthenticated", above: number, words: string) {
  return ({ servers }: Judged): Condition => {
    const perSecond = sum(servers, ({ report }) => report.per_minute[what]) / 60;
    return perSecond <= above ? undefined : { message: `${rounded(perSecond)} ${words}` };
  };
}

/** What a bridge says may be no time at all. */
const known = (time: number | undefined): number | undefined => (Number.isFinite(time) ? time : undefined);

const rounded = (value: number): number => Math.round(value * 100) / 100;

const sum = (servers: readonly ServerTelling[], of: (server: ServerTelling) => number): number =>
  servers.reduce((total, server) => total + of(server), 0);
