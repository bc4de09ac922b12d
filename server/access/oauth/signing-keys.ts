import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWTHeaderParameters,
} from "jose";
import * as z from "zod";
import { type AuthorizationServer, AuthorizationServerError, documentAt, keysUrlOf } from "./authorization-server.ts";

/** How an authorization server was when it was asked last. */
export type AuthorizationServerState = {
  /** Undefined as long as it was not asked. */
  readonly checkedAt?: number;
  readonly latencyMs?: number;
  /** Why it could not be asked; undefined when it could. */
  readonly error?: string;
};

export type SigningKeysOptions = {
  readonly server: AuthorizationServer;
  readonly get: typeof fetch;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steady: () => number;
  /** Is told whenever an answer came, or did not, unlike before. */
  readonly onChange: (state: AuthorizationServerState) => void;
};

/** Milliseconds between two looks at the keys: while all is well, and at most while it is not. */
const looks = { usualMs: 300_000, failedMs: 30_000 };

/** Looks that tokens with unknown keys may cause at once, and milliseconds until one more may be. */
const unexpected = { most: 3, refillMs: 10_000 };

/** The members that make a public key. What else stands there is nobody's business here. */
const keySchema = z.object({
  kty: z.enum(["RSA", "EC", "OKP"]),
  kid: z.string().max(512).exactOptional(),
  use: z.string().exactOptional(),
  key_ops: z.array(z.string()).exactOptional(),
  alg: z.string().exactOptional(),
  n: z.string().exactOptional(),
  e: z.string().exactOptional(),
  crv: z.string().exactOptional(),
  x: z.string().exactOptional(),
  y: z.string().exactOptional(),
});

const keySetSchema = z.object({ keys: z.array(z.unknown()).max(100) });

type KeySet = {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly thumbprints: ReadonlySet<string>;
};

/**
 * The keys with which an authorization server signs. They are read at the start and again every few minutes, so that one that is
 * withdrawn counts no longer, and at once when a token names one that is not among them. While the server cannot be asked, those of before
 * count. How often strangers can have it asked is bounded.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  #url: string | undefined;
  #set: KeySet | undefined;
  #state: AuthorizationServerState = {};
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;
  #left = unexpected.most;
  #refilledAt: number;

  constructor(options: SigningKeysOptions) {
    this.#options = options;
    this.#refilledAt = options.steady();
  }

  /** Begins to look. */
  open(): void {
    void this.#look();
  }

  /** Looks now. */
  reload(): Promise<void> {
    return this.#look();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Whether any were ever read. */
  get areKnown(): boolean {
    return this.#set !== undefined;
  }

  get state(): AuthorizationServerState {
    return this.#state;
  }

  /** Whether a key is among them now, by its thumbprint. */
  has(thumbprint: string): boolean {
    return this.#set?.thumbprints.has(thumbprint) ?? false;
  }

  /** The key that a token names. Rejects with AuthorizationServerError when nobody can tell now, else with an error of jose. */
  async find(header: JWTHeaderParameters): Promise<CryptoKey> {
    const found = await this.#match(header);
    if (found !== undefined) return found;
    // One that is under way may have begun before the key was there; one that has failed just now says enough.
    const earlier = this.#looking;
    await earlier;
    const again = await this.#match(header);
    if (again !== undefined) return again;
    if (earlier === undefined || this.#state.error === undefined) await this.#lookUnexpectedly();
    const last = await this.#match(header);
    if (last !== undefined) return last;
    const { error } = this.#state;
    if (error !== undefined || this.#set === undefined)
      throw new AuthorizationServerError(error ?? "it was not asked yet");
    throw new errors.JWKSNoMatchingKey();
  }

  /** Looks for the sake of a token, or waits for a look that is under way. */
  async #lookUnexpectedly(): Promise<void> {
    if (this.#looking === undefined && this.#mayLook()) await this.#look();
    else await this.#looking;
  }

  async #match(header: JWTHeaderParameters): Promise<CryptoKey | undefined> {
    try {
      return await this.#set?.find(header);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  #mayLook(): boolean {
    const now = this.#options.steady();
    const refilled = Math.floor((now - this.#refilledAt) / unexpected.refillMs);
    if (refilled > 0) {
      this.#left = Math.min(unexpected.most, this.#left + refilled);
      this.#refilledAt += refilled * unexpected.refillMs;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #read(): Promise<void> {
    const { server, get, steady } = this.#options;
    clearTimeout(this.#timer);
    const begun = steady();
    try {
      this.#url ??= await keysUrlOf(server, get);
      this.#set = await keySetOf(await documentAt(this.#url, get));
      this.#failures = 0;
      this.#tell({ latencyMs: Math.round(steady() - begun) });
    } catch (error) {
      // The keys may have moved.
      this.#url = undefined;
      this.#failures += 1;
      const reason = error instanceof AuthorizationServerError ? error.message : "its keys are not usable";
      this.#tell({ latencyMs: Math.round(steady() - begun), error: reason });
    }
    const delayMs = this.#failures === 0 ? looks.usualMs : Math.min(looks.failedMs, 500 * 2 ** this.#failures);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), delayMs).unref();
  }

  #tell(state: AuthorizationServerState): void {
    const { checkedAt, error } = this.#state;
    this.#state = { ...state, checkedAt: this.#options.clock() };
    if (checkedAt === undefined || error !== state.error) this.#options.onChange(this.#state);
  }
}

/** Throws AuthorizationServerError for what holds no usable key. */
async function keySetOf(document: unknown): Promise<KeySet> {
  const parsed = keySetSchema.safeParse(document);
  if (!parsed.success) throw new AuthorizationServerError("what it has in place of its keys is no JSON Web Key Set");
  const keys: JWK[] = parsed.data.keys.flatMap((key) => keySchema.safeParse(key).data ?? []);
  const thumbprints = await Promise.all(keys.map((key) => calculateJwkThumbprint(key).catch(() => undefined)));
  const usable = keys.filter((_key, index) => thumbprints[index] !== undefined);
  if (usable.length === 0) throw new AuthorizationServerError("it has no usable key");
  return {
    find: createLocalJWKSet({ keys: usable }),
    thumbprints: new Set(thumbprints.filter((thumbprint) => thumbprint !== undefined)),
  };
}
