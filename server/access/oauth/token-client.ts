import { hash } from "node:crypto";
import type { JWTPayload } from "jose";
import { tokenPrefix } from "../../../contract/api-key-file.ts";
import type { Client } from "../client.ts";

export type TokenClientOptions = {
  readonly issuer: string;
  readonly payload: JWTPayload;
  readonly permissions: ReadonlySet<string>;
  /** What makes a scope of a permission. */
  readonly prefix: string;
  /** Seconds for which a token counts beyond its end. */
  readonly leewayS: number;
};

const longestSubject = 512;

/**
 * Whoever a token is for: the person, or the program that acts for itself. The same in each of its tokens, and never one that has a key:
 * no key's client has such a name, and the id of none has such a form. Undefined for a token that names nobody.
 */
export function tokenClient({ issuer, payload, permissions, prefix, leewayS }: TokenClientOptions): Client | undefined {
  const { sub, client_id: clientId, exp = 0 } = payload;
  const [kind, subject] = sub === undefined ? (["client", clientId] as const) : (["subject", sub] as const);
  if (typeof subject !== "string" || subject === "" || subject.length > longestSubject) return undefined;
  const digest = hash("sha256", JSON.stringify([issuer, kind, subject]));
  const shown = subject.replace(/[^\w.@+-]/g, "_").slice(0, 60);
  return {
    id: `${tokenPrefix}${digest.slice(0, 32)}`,
    name: `${tokenPrefix}${shown}:${digest.slice(0, 20)}`,
    permissions,
    scopePrefix: prefix,
    expiresAt: (exp + leewayS) * 1000,
  };
}
