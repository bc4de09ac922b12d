import type { DeploymentSpec } from "../../api/spec.ts";
import { namesOf } from "../names.ts";
import { keyRefOf } from "./own-keys.ts";
import type { StoredRotation } from "./stored-value.ts";

/** How old the value of a Secret is, and how old it may become; times in RFC 3339. */
export type SecretAge = {
  readonly name: string;
  /** The client whose key it is. */
  readonly client?: string;
  /** Unknown for Secrets of users. */
  readonly since?: string;
  /** When the client's keys end. */
  readonly expires?: string;
  /** When its schedule replaces it. */
  readonly rotates?: string;
};

const dayMs = 86_400_000;

/** Of every Secret with a value that the operator makes, and of those that clients bring along. */
export function secretAges(
  resource: string,
  { server, bridge, monitoring }: DeploymentSpec,
  rotationOf: (secret: string) => StoredRotation | undefined,
): readonly SecretAge[] {
  const names = namesOf(resource);
  const made = (name: string, everyDays: number | undefined): Omit<SecretAge, "client" | "expires">[] => {
    const { since, createdAt } = rotationOf(name) ?? {};
    const from = since ?? createdAt;
    if (from === undefined) return [];
    const rotates = everyDays === undefined ? undefined : new Date(Date.parse(from) + everyDays * dayMs).toISOString();
    return [{ name, since: from, ...(rotates ? { rotates } : {}) }];
  };
  return [
    ...made(names.hmac, bridge.hmacRotationDays),
    ...server.auth.clients.flatMap((client) => {
      const own = keyRefOf(client);
      const expires = client.expires === undefined ? {} : { expires: new Date(client.expires).toISOString() };
      const ages = own ? [{ name: own.name }] : made(names.connection(client.name), server.auth.rotationDays);
      return ages.map((age) => ({ ...age, client: client.name, ...expires }));
    }),
    ...(monitoring.dashboard.mode === "Enabled" ? made(names.dashboard, monitoring.dashboard.rotationDays) : []),
  ];
}
