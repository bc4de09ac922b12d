import { hash } from "node:crypto";
import * as z from "zod";
import { sessionNameSchema } from "../../contract/sessions.ts";
import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import type { Client } from "../access/client.ts";
import { createSeal, type Seal } from "./seal.ts";
import { type Agreed, clientCapabilitiesSchema, clientInfoSchema, type Session } from "./session.ts";
import { handshakeVersions } from "./versions.ts";

/** A session ends this many milliseconds after it began. */
export const sessionLifetimeMs = 7 * 24 * 3_600_000;

/** Sessions that a process keeps read, so that a seal is not checked for every request. */
const keptSessions = 2_000;

/**
 * Ids that hold what a session agreed on, so that every replica knows it and none has to remember it. They are sealed with
 * the client's own key, which all replicas know: so they survive a change of every other secret. A client could make some
 * for itself, with nothing in them that it could not ask for; another one cannot.
 */
export type SessionIds = {
  begin(client: Client, agreed: Agreed): Session;
  /** The session of an id that a client shows; undefined when it has ended or is not this client's. */
  find(id: string, client: Client): Session | undefined;
  /** A session has ended: this process knows it no longer. */
  end(sessionKey: string): void;
};

export type SessionIdOptions = {
  /** Stands in for the keys of clients while authentication is off. */
  readonly secret: string | SigningSecrets;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/** A unique id, the end in Unix milliseconds, the client's id, and what was agreed; a name only where it is a channel. */
const contentSchema = z.tuple([
  z.string(),
  z.number(),
  z.string(),
  z.enum(handshakeVersions),
  clientCapabilitiesSchema,
  clientInfoSchema,
  sessionNameSchema.optional(),
]);

type Known = { readonly session: Session; readonly clientId: string; readonly endsAt: number };

export function createSessionIds({ secret, clock, newId }: SessionIdOptions): SessionIds {
  const known = new Map<string, Known>();
  const ended = new Set<string>();
  const seals = new WeakMap<Client, Seal>();
  const sealOf = (client: Client): Seal => {
    const seal = seals.get(client) ?? createSeal(client.keyDigest ?? secret, "session");
    seals.set(client, seal);
    return seal;
  };
  const open = (id: string, client: Client): Known | undefined => {
    const content = contentSchema.safeParse(sealOf(client).open(id));
    if (!content.success) return undefined;
    const [, endsAt, clientId, version, capabilities, info, channel] = content.data;
    const agreed = { version, capabilities, client: info, ...(channel !== undefined && { channel }) };
    return { session: sessionOf(id, agreed), clientId, endsAt };
  };
  return {
    begin(client, agreed) {
      const endsAt = clock() + sessionLifetimeMs;
      const { version, capabilities, client: info, channel } = agreed;
      const content = [newId(), endsAt, client.id, version, capabilities, info, ...(channel ? [channel] : [])];
      return sessionOf(sealOf(client).seal(content), agreed);
    },
    find(id, client) {
      const entry = known.get(id) ?? open(id, client);
      if (entry === undefined || entry.clientId !== client.id || entry.endsAt <= clock()) return undefined;
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

function sessionOf(id: string, agreed: Agreed): Session {
  return { id, key: hash("sha256", id, "base64url"), isShared: true, ...agreed };
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
