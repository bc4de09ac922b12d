/** Revisions that begin with `initialize` (eras/handshake.ts), newest first. */
export const handshakeVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;

/** Revisions in which each request tells everything (eras/stateless.ts), newest first. */
const statelessVersions = ["2026-07-28"] as const;

/** Every revision of MCP that the server speaks, newest first. */
export const protocolVersions: readonly string[] = [...statelessVersions, ...handshakeVersions];

/** The only revision with batches. */
export const batchingVersion = "2025-03-26";

export function isHandshakeVersion(version: string): boolean {
  return (handshakeVersions as readonly string[]).includes(version);
}

export function isStatelessVersion(version: string): boolean {
  return (statelessVersions as readonly string[]).includes(version);
}
