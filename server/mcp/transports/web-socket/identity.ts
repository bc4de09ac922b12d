import { ServerError } from "../../../../contract/errors.ts";
import type { Access, Caller, Credentials, Origin } from "../../../access/access.ts";

export type Authenticate = Access["authenticate"];

/**
 * Who is at the other end of a connection, from when it has shown its key. It is looked at again for each message: a key may
 * end or be taken back while the connection is open, and its permissions may change.
 */
export class Identity {
  readonly #authenticate: Authenticate;
  readonly #origin: Origin;
  #known: { caller: Caller; readonly credentials: Credentials } | undefined;

  constructor(authenticate: Authenticate, origin: Origin) {
    this.#authenticate = authenticate;
    this.#origin = origin;
  }

  /** Undefined for a stranger. */
  get caller(): Caller | undefined {
    return this.#known?.caller;
  }

  /** Remembers a caller that was found out by these credentials. */
  know(caller: Caller, credentials: Credentials): void {
    this.#known = { caller, credentials };
  }

  /** The caller as it stands now. Throws what `Access.authenticate` throws when its key or token counts no longer. */
  current(): Caller | undefined {
    const known = this.#known;
    if (known === undefined) return undefined;
    const caller = this.#authenticate(known.credentials, this.#origin, known.caller);
    if (caller instanceof Promise) {
      // A token that was good and has to be looked at anew has expired, or its signer was withdrawn.
      caller.catch(() => undefined);
      throw new ServerError("AUTHENTICATION_ERROR", { reason: "The access token counts no longer." });
    }
    known.caller = caller;
    return caller;
  }

  /** The caller of these credentials. Throws, or rejects with, what `Access.authenticate` does. */
  find(credentials: Credentials): Caller | Promise<Caller> {
    return this.#authenticate(credentials, this.#origin);
  }

  /**
   * The caller, when it shows its key once more, or a newer token, which counts from then on. Rejects with INVALID_REQUEST when it shows
   * another's.
   */
  async confirm(credentials: Credentials): Promise<Caller> {
    const caller = await this.find(credentials);
    if (caller.client.id !== this.#known?.caller.client.id) {
      throw new ServerError("INVALID_REQUEST", { reason: "this connection belongs to another client" });
    }
    this.know(caller, credentials);
    return caller;
  }
}
