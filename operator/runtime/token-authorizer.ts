import { createHash } from "node:crypto";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** `busy`: too many tokens from the caller's address were checked. */
export type Access = "allowed" | "unauthenticated" | "forbidden" | "busy";

/** Throws when the API server cannot answer. */
export type Authorize = (token: string, address: string) => Promise<Access>;

type Known = { readonly access: Promise<Access>; readonly until: number };

type User = { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };

/** Prometheus sends one token every few seconds. */
const rememberedMs = 60_000;
const mostRemembered = 200;

/**
 * Asks the API server whether the owner of a token may get a path: TokenReview, then SubjectAccessReview, as kubebuilder's
 * operators do. An answer is cached for a minute. An address may have ten unknown tokens checked, then one a second.
 *
 * @example
 * ```ts
 * const authorize = tokenAuthorizer({ client, clock, path: "/metrics" });
 * const server = await startHealthServer({ port: 8080, logger, registry: metrics.registry, authorize });
 * ```
 */
export function tokenAuthorizer({
  client,
  clock,
  path,
}: {
  readonly client: Pick<Client, "request">;
  readonly clock: Clock;
  readonly path: string;
}): Authorize {
  const known = new Map<string, Known>();
  const limits = new TokenBuckets({ burst: 10, refillMs: 1_000, clock });
  return async (token, address) => {
    const key = createHash("sha256").update(token).digest("base64");
    const remembered = known.get(key);
    if (remembered !== undefined && remembered.until > clock.monotonic()) return remembered.access;
    if (!limits.take(address)) return "busy";
    const access = review(client, token, path);
    known.delete(key);
    known.set(key, { access, until: clock.monotonic() + rememberedMs });
    access.catch(() => known.delete(key));
    if (known.size > mostRemembered) forgetOldest(known);
    return access;
  };
}

async function review(client: Pick<Client, "request">, token: string, path: string): Promise<Access> {
  const create = <T>(group: string, plural: string, kind: string, spec: object) =>
    client.request<{ status?: T }>({
      method: "POST",
      path: `/apis/${group}/v1/${plural}`,
      body: { apiVersion: `${group}/v1`, kind, spec },
    });
  const authentication = await create<{ authenticated?: boolean; user?: User }>(
    "authentication.k8s.io",
    "tokenreviews",
    "TokenReview",
    { token },
  );
  const user = authentication.status?.user;
  if (!authentication.status?.authenticated || user === undefined) return "unauthenticated";
  const { username, uid, groups, extra } = user;
  const authorization = await create<{ allowed?: boolean }>(
    "authorization.k8s.io",
    "subjectaccessreviews",
    "SubjectAccessReview",
    { user: username, uid, groups, extra, nonResourceAttributes: { path, verb: "get" } },
  );
  return authorization.status?.allowed === true ? "allowed" : "forbidden";
}

function forgetOldest(known: Map<string, Known>): void {
  const [oldest] = known.keys();
  if (oldest !== undefined) known.delete(oldest);
}
