import { ServerError } from "../../contract/errors.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import { networkOf } from "./address.ts";
import type { Bans } from "./bans.ts";
import type { Client } from "./client.ts";
import { type Origin, securityDetails } from "./origin.ts";
import { type Decision, type RateLimit, RateLimiter, RateLimiters } from "./rate-limiter.ts";
import { SharedLimit } from "./shared-limit.ts";

/** How a call was counted; the error when it is over the limit, or the client is banned. */
export type Charge = Pick<Decision, "limit" | "remaining" | "resetAt"> & {
  readonly windowMs: number;
  /** How it counted for the limit of all clients together. */
  readonly shared?: Pick<Decision, "limit" | "remaining" | "resetAt">;
  readonly refusal?: ServerError;
};

type Counted = Decision & { readonly windowMs: number };

/** A tool, and how many calls of it a client may make while it may make 100 of any kind. */
export type LimitedTool = { readonly name: string; readonly limit: number };

export type LimitsOptions = {
  readonly rateLimit: RateLimit & {
    readonly enabled: boolean;
    /** Requests of all clients together in a window; 0: as many as they like. */
    readonly sharedRequests: number;
  };
  readonly bans: Bans;
  readonly security: SecurityLog;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

/** Counts what comes in: calls of clients, of each of their tools, and requests without a valid key. */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #calls: RateLimiters;
  readonly #tools: RateLimiters;
  /** An address may be a proxy's or a whole office's: wrong keys are limited by it, right keys never are. */
  readonly #failures: RateLimiter;
  readonly #shared: SharedLimit | undefined;

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#calls = new RateLimiters();
    this.#tools = new RateLimiters();
    this.#failures = new RateLimiter(options.rateLimit);
    const { sharedRequests: requests, windowMs } = options.rateLimit;
    this.#shared = requests === 0 ? undefined : new SharedLimit({ requests, windowMs });
  }

  /** Counts a call, or one that costs as much as several; undefined when calls are not limited. */
  charge(client: Client, origin: Origin, cost: number): Charge | undefined {
    const { rateLimit, bans, clock } = this.#options;
    if (!rateLimit.enabled) return undefined;
    const ban = bans.refusalOf(client, origin);
    if (ban !== undefined) return this.#banned(ban, client, origin);
    const rule = this.#ruleOf(client);
    const decision = this.#calls.under("", rule).take(client.id, clock(), cost);
    const charge = { ...decision, windowMs: rule.windowMs };
    if (!decision.allowed) return this.#exceeded(charge, "client", client, origin);
    return this.#chargeShared(charge, client, origin, cost);
  }

  /** Beside its own limit, which comes first: what that refuses is not counted for all. It is no strike, because others may have come first. */
  #chargeShared(charge: Charge, client: Client, origin: Origin, cost: number): Charge {
    const { rateLimit, clock } = this.#options;
    const request = { id: client.id, cost, isPromised: client.limit !== undefined };
    const shared = this.#shared?.take(request, clock());
    if (shared === undefined) return charge;
    if (shared.allowed) return { ...charge, shared };
    const { windowMs } = rateLimit;
    return { ...charge, shared, refusal: this.#refusal({ ...shared, windowMs }, "global", client.name, origin) };
  }

  /** Counts a call of one tool; undefined when calls are not limited. */
  chargeTool(client: Client, origin: Origin, tool: LimitedTool): Charge | undefined {
    const { rateLimit, clock } = this.#options;
    if (!rateLimit.enabled) return undefined;
    const { requests, windowMs } = this.#ruleOf(client);
    // Only the tool has to wait, and only until there is room in the window: the block is for a client over its own limit.
    const rule = { requests: Math.ceil((tool.limit * requests) / 100), windowMs, blockMs: 0 };
    const decision = this.#tools.under(tool.name, rule).take(client.id, clock());
    const charge = { ...decision, windowMs };
    return decision.allowed ? charge : this.#exceeded(charge, "tool", client, origin);
  }

  /** Counts a request without a valid key; the error when there were too many. */
  failed(origin: Origin): ServerError | undefined {
    const { rateLimit, bans, clock } = this.#options;
    const ban = bans.refusalOfStranger(origin);
    if (ban !== undefined) return ban;
    bans.failed(origin);
    const decision = this.#failures.take(networkOf(origin.address), clock());
    const isOver = rateLimit.enabled && !decision.allowed;
    const { windowMs } = rateLimit;
    return isOver ? this.#refusal({ ...decision, windowMs }, "address", "unknown", origin) : undefined;
  }

  /** What counts for a client: its key's own limit, or that of every key. */
  #ruleOf({ limit }: Client): RateLimit {
    const { requests, windowMs, blockMs } = this.#options.rateLimit;
    return { requests, windowMs, blockMs, ...limit };
  }

  #banned(refusal: ServerError, client: Client, origin: Origin): Charge {
    const { security, clock } = this.#options;
    security("rate_limit_exceeded", { ...securityDetails(origin), client: client.name, reason: "banned" });
    const resetAt = clock() + Number(refusal.details.retry_after) * 1000;
    const { requests, windowMs } = this.#ruleOf(client);
    return { limit: requests, remaining: 0, resetAt, windowMs, refusal };
  }

  #exceeded(decision: Counted, type: "client" | "tool", client: Client, origin: Origin): Charge {
    const refusal = this.#refusal(decision, type, client.name, origin);
    this.#options.bans.exceeded(client, origin);
    return { ...decision, refusal };
  }

  #refusal(
    decision: Counted,
    type: "client" | "tool" | "address" | "global",
    client: string,
    origin: Origin,
  ): ServerError {
    const { security, clock } = this.#options;
    const { limit, requests, resetAt, windowMs } = decision;
    // Who looks for the other one bans an address, and this one is no fault of whoever comes from there.
    const event = type === "global" ? "shared_limit_exceeded" : "rate_limit_exceeded";
    security(event, { ...securityDetails(origin), client });
    return new ServerError("RATE_LIMIT_EXCEEDED", {
      limit,
      window: windowMs / 1000,
      current_requests: requests,
      retry_after: Math.max(1, Math.ceil((resetAt - clock()) / 1000)),
      reset_time: new Date(resetAt).toISOString(),
      limit_type: type,
    });
  }
}
