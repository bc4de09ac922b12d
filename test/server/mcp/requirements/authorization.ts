import { page, type Stated } from "./requirement.ts";

const signIn =
  "oauth/sign-in.test.ts › finds the login by the challenge, as Claude does, registers, signs in and calls a tool";
const bySelf =
  "oauth/sign-in.test.ts › finds the same by itself, as the Inspector does: below the path first, at the root after that";
const widened =
  "oauth/sign-in.test.ts › whose token lacks a scope asks for it in addition to those that it has, and the call succeeds";
const nothing = "oauth/tokens.test.ts › whoever shows nothing is told what to ask for, and of no error";
const forbidden =
  "oauth/tokens.test.ts › is told by HTTP 403 with all scopes to ask for, on REST and for a call of MCP";
const refused = "oauth/tokens.test.ts › that is not what it should be: one %s";
const stranger =
  "oauth/tokens.test.ts › another authorization server is nobody here, although its tokens are for this server";
const inUrl = "oauth/tokens.test.ts › in the URL, and so is one in a body";

const location: readonly Stated[] = [
  {
    id: "metadata",
    level: "MUST",
    heading: "Authorization Server Location",
    says: "Protected Resource Metadata names at least one authorization server.",
    shownBy: [signIn, bySelf],
  },
  {
    id: "discovery",
    level: "MUST",
    heading: "Protected Resource Metadata Discovery Requirements",
    says: "Its URL is in the challenge, or it is at a well-known URI.",
    shownBy: [
      signIn,
      bySelf,
      "oauth/sign-in.test.ts › is sent to what lies below the path at which a proxy passes on, and to no other",
    ],
  },
];

const scope: readonly Stated[] = [
  {
    id: "scope",
    level: "SHOULD",
    heading: "Scope Selection Strategy",
    says: "The challenge names the scopes that are needed.",
    shownBy: [nothing, signIn],
  },
  {
    id: "consistent",
    level: "SHOULD",
    heading: "Scope Selection Strategy",
    says: "Sets of scopes are made in one way.",
    shownBy: [nothing, forbidden],
  },
];

const use: readonly Stated[] = [
  {
    id: "query",
    level: "MUST NOT",
    heading: "Token Requirements",
    says: "Tokens are not in the query of a URL.",
    shownBy: [inUrl, "oauth/web-socket.test.ts › does not take a token in its URL, nor as a key"],
  },
  { id: "validated", level: "MUST", heading: "Token Handling", says: "Tokens are validated.", shownBy: [refused] },
  {
    id: "audience",
    level: "MUST",
    heading: "Token Handling",
    says: "Tokens were issued for this server as their audience, and no others are accepted.",
    shownBy: ["oauth/tokens.test.ts › may be for several servers, of which this is one", refused, stranger],
  },
  {
    id: "invalid",
    level: "MUST",
    heading: "Token Handling",
    says: "Invalid and expired tokens get 401.",
    shownBy: [
      refused,
      "oauth/availability.test.ts › a token counts until it has expired, also on a connection where it counted before",
    ],
  },
  {
    id: "other-tokens",
    level: "MUST NOT",
    heading: "Token Handling",
    says: "No other tokens are accepted or passed on.",
    shownBy: [stranger, refused],
  },
  {
    id: "status",
    level: "MUST",
    heading: "Error Handling",
    says: "Errors of authorization have the HTTP status for them.",
    shownBy: [nothing, refused, forbidden],
  },
  {
    id: "insufficient",
    level: "SHOULD",
    heading: "Runtime Insufficient Scope Errors",
    says: "A missing scope is told by 403 and a challenge with error, scope and metadata.",
    shownBy: [
      forbidden,
      widened,
      "oauth/web-socket.test.ts › opens with a token in the header, and calls what its scopes permit",
    ],
  },
  {
    id: "needed-scopes",
    level: "SHOULD",
    heading: "Runtime Insufficient Scope Errors",
    says: "The challenge has every scope that the request needs, made in one way.",
    shownBy: [forbidden, widened],
  },
];

const hierarchy: Stated = {
  id: "hierarchy",
  level: "MUST",
  heading: "Step-Up Authorization Flow",
  says: "A broader scope stands for narrower ones.",
  shownBy: ["oauth/tokens.test.ts › tokens alone: no key counts, none is needed, and a token beside one does"],
};

const refresh: Stated = {
  id: "offline-access",
  level: "SHOULD NOT",
  heading: "Refresh Tokens",
  says: "offline_access is in no challenge and not in the metadata.",
  shownBy: [nothing],
};

const security: readonly Stated[] = [
  {
    id: "own-tokens",
    level: "MUST",
    heading: "Token Audience Binding and Validation",
    says: "Tokens that were not issued for this server are refused before anything is done.",
    shownBy: [refused, stranger],
  },
  {
    id: "passthrough",
    level: "MUST NOT",
    heading: "Access Token Privilege Restriction",
    says: "A client's token is not passed on.",
    shownBy: ["oauth/tokens.test.ts › never leaves the server: the bridge hears who calls, and no token"],
  },
];

/** What the pages on authorization require of a server that supports it. */
export const authorization = [
  ...page("2025-11-25", "basic/authorization", [...location, ...scope, ...use, ...security]),
  ...page("2026-07-28", "basic/authorization/authorization-server-discovery", location),
  ...page("2026-07-28", "basic/authorization/index", [...scope, ...use, refresh, hierarchy]),
  ...page("2026-07-28", "basic/authorization/security-considerations", security),
];
