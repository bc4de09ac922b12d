import { ServerError } from "../../../contract/errors.ts";

/** A session as the bridge keeps it. Times are milliseconds since the epoch. */
export type KeptSession = {
  readonly row: number;
  readonly client: string;
  readonly name: string;
  readonly registeredAt: number;
  readonly heardAt: number;
  /** Who is the session now, or was last; undefined when it has left. */
  readonly holder: string | undefined;
  readonly generation: number;
  readonly heldUntil: number;
};

export function toSession(row: Readonly<Record<string, unknown>>): KeptSession {
  return {
    row: Number(row.id),
    client: String(row.client),
    name: String(row.name),
    registeredAt: Number(row.registered_at),
    heardAt: Number(row.heard_at),
    holder: row.holder === null ? undefined : String(row.holder),
    generation: Number(row.generation),
    heldUntil: Number(row.held_until),
  };
}

/** Whether somebody holds it now. */
export function isHere({ holder, heldUntil }: Pick<KeptSession, "holder" | "heldUntil">, at: number): boolean {
  return holder !== undefined && at < heldUntil;
}

/** Throws SESSION_NAME_TAKEN while another holder is there. */
export function requireFree(session: KeptSession, holder: string, at: number): void {
  if (session.holder !== holder && isHere(session, at)) throw taken(session);
}

/** Throws SESSION_NAME_TAKEN for who does not hold the session in that generation. A lease that ran out holds until somebody else comes. */
export function requireHeld(
  session: KeptSession,
  { holder, generation }: { readonly holder: string; readonly generation: number },
): void {
  if (session.holder !== holder || session.generation !== generation) throw taken(session);
}

const taken = ({ name }: KeptSession) => new ServerError("SESSION_NAME_TAKEN", { name });
