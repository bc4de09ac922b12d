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

  /** The caller as it stands now. Throws what `Access.authenticate` throws when its key counts no longer. */
  current(): Caller | undefined {
    const known = this.#known;
    if (known === undefined) return undefined;
    known.caller = this.#authenticate(known.credentials, this.#origin, known.caller);
    return known.caller;
  }

  /** The caller of these credentials. Throws what `Access.authenticate` throws. */
  find(credentials: Credentials): Caller {
    return this.#authenticate(credentials, this.#origin);
  }

  /** The caller, when it shows its key once more. Throws INVALID_REQUEST when it shows another's. */
  confirm(credentials: Credentials): Caller {
    const caller = this.find(credentials);
    if (caller.client.id === this.#known?.caller.client.id) return caller;
    throw new ServerError("INVALID_REQUEST", { reason: "this connection belongs to another key" });
  }
}
