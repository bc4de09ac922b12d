import { hash } from "node:crypto";
import * as z from "zod";
import type { Seal } from "./seal.ts";
import type { Agreed, ClientCapabilities, ClientInfo, Session } from "./session.ts";

/** A session ends this many milliseconds after it began. */
export const sessionLifetimeMs = 7 * 24 * 3_600_000;

/** Sessions that a process keeps read, so that a seal is not checked for every request. */
const keptSessions = 2_000;

export type SessionIds = {
  /** A session of a client: its id holds what was agreed, so that every replica knows it and none has to remember it. */
  begin(clientId: string, agreed: Agreed): Session;
  /** The session of an id that a client shows; undefined when it has ended or is not this client's. */
  find(id: string, clientId: string): Session | undefined;
  /** A session has ended: this process knows it no longer. */
  end(sessionKey: string): void;
};

export type SessionIdOptions = {
  readonly seal: Seal;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

const contentSchema = z.tuple([
  z.string(),
  z.number(),
  z.string(),
  z.string(),
  z.custom<ClientCapabilities>(),
  z.custom<ClientInfo>(),
]);

type Known = { readonly session: Session; readonly clientId: string; readonly endsAt: number };

export function createSessionIds({ seal, clock, newId }: SessionIdOptions): SessionIds {
  const known = new Map<string, Known>();
  const ended = new Set<string>();
  const open = (id: string): Known | undefined => {
    const content = contentSchema.safeParse(seal.open(id));
    if (!content.success) return undefined;
    const [, endsAt, clientId, version, capabilities, client] = content.data;
    return { session: sessionOf(id, { version, capabilities, client }), clientId, endsAt };
  };
  return {
    begin(clientId, agreed) {
      const { version, capabilities, client } = agreed;
      const endsAt = clock() + sessionLifetimeMs;
      return sessionOf(seal.seal([newId(), endsAt, clientId, version, capabilities, client]), agreed);
    },
    find(id, clientId) {
      const entry = known.get(id) ?? open(id);
      if (entry === undefined || entry.clientId !== clientId || entry.endsAt <= clock()) return undefined;
      if (ended.has(entry.session.key)) return undefined;
      remember(known, id, entry);
      return entry.session;
    },
    end(sessionKey) {
      ended.add(sessionKey);
      if (ended.size > keptSessions) forgetOldest(ended);
    },
  };
}

function sessionOf(id: string, { version, capabilities, client }: Agreed): Session {
  return { id, key: hash("sha256", id, "base64url"), isShared: true, version, capabilities, client };
}

function remember(known: Map<string, Known>, id: string, entry: Known): void {
  if (known.has(id)) return;
  known.set(id, entry);
  if (known.size > keptSessions) forgetOldest(known);
}

function forgetOldest(entries: Map<string, unknown> | Set<string>): void {
  for (const key of entries.keys()) {
    entries.delete(key);
    return;
  }
}
