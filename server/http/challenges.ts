import type { ServerError } from "../../contract/errors.ts";
import type { ProtectedResource } from "../access/oauth/protected-resource.ts";

/** What a challenge tells of a server that takes access tokens. */
export type Challenged = Pick<ProtectedResource, "metadataUrl" | "scope">;

/**
 * The `WWW-Authenticate` of a refusal (RFC 6750, 3; RFC 9728, 5.1), by which a client finds out how to get in or what to ask for in
 * addition; undefined for other errors.
 */
export function challengeOf({ code, details }: ServerError, oauth: Challenged | undefined): string | undefined {
  switch (code) {
    case "AUTHENTICATION_ERROR":
      return oauth === undefined ? bearer({}) : bearer(tellingWhere(oauth));
    case "ACCESS_TOKEN_REQUIRED": {
      const failed = details.error === undefined ? {} : { error: details.error, error_description: details.reason };
      return bearer({ ...failed, ...(oauth && tellingWhere(oauth)) });
    }
    case "INSUFFICIENT_SCOPE":
      return bearer({
        error: "insufficient_scope",
        error_description: `The scope ${details.required_scope} is needed.`,
        ...(oauth && { ...tellingWhere(oauth), scope: details.scope }),
      });
    default:
      return undefined;
  }
}

function tellingWhere({ metadataUrl, scope }: Challenged) {
  return { resource_metadata: metadataUrl, ...(scope !== "" && { scope }) };
}

function bearer(parameters: Readonly<Record<string, unknown>>): string {
  const all = Object.entries({ realm: "cctelegram", ...parameters });
  return `Bearer ${all.map(([name, value]) => `${name}="${quotable(String(value))}"`).join(", ")}`;
}

/** What may stand between quotes in a header (RFC 6750, 3). */
const quotable = (text: string): string => text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "?");
