import { ServerError } from "../../contract/errors.ts";
import { type BanReason, banReasons } from "../../contract/metric-names.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import { networkOf } from "./address.ts";
import { BanList, type BanRule, type Entry } from "./ban-list.ts";
import type { Client } from "./client.ts";
import { type Origin, securityDetails } from "./origin.ts";

/** A ban as people see it; times in Unix milliseconds. */
export type Ban = {
  /** An address, or an IPv6 network of 64 bits. */
  readonly address: string;
  readonly reason: BanReason;
  /** The client whose key is refused there; undefined: whoever shows no valid key. */
  readonly client?: string;
  readonly since: number;
  readonly until: number;
};

/** Looks at bans and ends them. */
export type BanOffice = {
  /** Those of this server, the newest first. */
  list(): readonly Ban[];
  /** Ends those of an address here, and tells the other servers to do the same; `by`: the client that wants it. */
  lift(address: string, by: string): Promise<Lifted>;
};

/** How many bans ended here, and whether the other servers were told. */
type Lifted = { readonly count: number; readonly isTold: boolean };

export type BansOptions = {
  readonly bans: {
    readonly enabled: boolean;
    /** Failures of authentication that ban an address. */
    readonly failures: BanRule;
    /** Exceeded limits that ban a key at an address. */
    readonly limits: BanRule;
  };
  readonly security: SecurityLog;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steady: () => number;
};

type Who = { readonly address: string; readonly client?: string };

const told: Readonly<Record<BanReason, string>> = {
  authentication_failures:
    "Too many requests without a valid key came from this address: there, only requests with a valid key are answered.",
  exceeded_limits: "This client went on after its limit too often from this address.",
};

/**
 * Who is refused for what came before, as fail2ban does it. Nobody is banned by what others do: at an address where wrong keys came
 * from, right ones are served, and a key that exceeds its limits is refused only where it did that.
 */
export class Bans {
  readonly #options: BansOptions;
  readonly #lists: Readonly<Record<BanReason, BanList<Who>>>;

  constructor(options: BansOptions) {
    const { failures, limits } = options.bans;
    this.#options = options;
    this.#lists = { authentication_failures: new BanList(failures), exceeded_limits: new BanList(limits) };
  }

  /** Why a request without a valid key, or password, is refused; undefined when it is answered. */
  refusalOfStranger(origin: Origin, shown: Shown = "key"): ServerError | undefined {
    return this.#refusal("authentication_failures", strangerKey(networkOf(origin.address), shown));
  }

  /** A request had no valid key, or no valid password. */
  failed(origin: Origin, shown: Shown = "key"): void {
    const address = networkOf(origin.address);
    this.#strike("authentication_failures", strangerKey(address, shown), { address }, origin);
  }

  /** Why a request of a client is refused there; undefined when it is answered. */
  refusalOf(client: Client, origin: Origin): ServerError | undefined {
    // Every call is asked about, and most come while nobody is banned: then no address is taken apart.
    if (this.#lists.exceeded_limits.isEmpty) return undefined;
    return this.#refusal("exceeded_limits", keyOf(client, networkOf(origin.address)));
  }

  /** A request of a client was over its limit. */
  exceeded(client: Client, origin: Origin): void {
    const address = networkOf(origin.address);
    this.#strike("exceeded_limits", keyOf(client, address), { address, client: client.name }, origin);
  }

  /** The newest first. */
  list(): readonly Ban[] {
    const now = this.#options.steady();
    return banReasons
      .flatMap((reason) => this.#lists[reason].entries(now).map((entry) => this.#shown(reason, entry, now)))
      .toSorted((a, b) => b.since - a.since);
  }

  /** Ends the bans of an address, or of its network, and says how many there were. */
  lift(address: string): number {
    const network = networkOf(address);
    const isMeant = (who: Who): boolean => who.address === network;
    const now = this.#options.steady();
    return banReasons.reduce((count, reason) => count + this.#lists[reason].lift(isMeant, now), 0);
  }

  counts(): Readonly<Record<BanReason, number>> {
    const now = this.#options.steady();
    const { authentication_failures, exceeded_limits } = this.#lists;
    return { authentication_failures: authentication_failures.size(now), exceeded_limits: exceeded_limits.size(now) };
  }

  #refusal(reason: BanReason, key: string): ServerError | undefined {
    const now = this.#options.steady();
    const entry = this.#lists[reason].find(key, now);
    if (entry === undefined) return undefined;
    const { until } = this.#shown(reason, entry, now);
    return new ServerError("ADDRESS_BANNED", {
      reason: told[reason],
      ban_reason: reason,
      retry_after: Math.max(1, Math.ceil((entry.until - now) / 1000)),
      banned_until: new Date(until).toISOString(),
    });
  }

  #strike(reason: BanReason, key: string, who: Who, origin: Origin): void {
    const { bans, steady, security } = this.#options;
    // The address of a connection that is gone stands for nobody.
    if (!bans.enabled || origin.address === "") return;
    const entry = this.#lists[reason].strike(key, who, steady());
    if (entry === undefined) return;
    const seconds = Math.round((entry.until - entry.since) / 1000);
    security("ban", { ...securityDetails(origin), ...who, reason, seconds: `${seconds}` });
  }

  #shown(reason: BanReason, { who, since, until }: Entry<Who>, now: number): Ban {
    const unixTime = this.#options.clock() - now;
    return { ...who, reason, since: Math.round(since + unixTime), until: Math.round(until + unixTime) };
  }
}

/** Whoever guesses keys at an address must not keep out who knows the password there, which may be guessed and so is not compared during a ban. */
type Shown = "key" | "password";

const strangerKey = (network: string, shown: Shown): string => (shown === "key" ? network : `${shown} ${network}`);

const keyOf = ({ id }: Client, network: string): string => `${id} ${network}`;
