/** Who calls: the client whose key it is. */
export type Client = {
  /** First 16 hex digits of the key's SHA-256: safe to log, stable over restarts. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Names of tools, or "*" for all. */
  readonly permissions: ReadonlySet<string>;
  /** All of that hash: only the server and whoever has the key know it. Undefined when authentication is off. */
  readonly keyDigest?: string;
  /** Unix time in milliseconds from which the key is no longer valid. */
  readonly expiresAt?: number;
};

/** Whether a client may use what needs this permission. */
export function permits({ permissions }: Pick<Client, "permissions">, permission: string): boolean {
  return permissions.has(permission) || permissions.has("*");
}
