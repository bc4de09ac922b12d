import { hash } from "node:crypto";
import { calculateJwkThumbprint, decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { ServerError } from "../../../contract/errors.ts";
import type { Client } from "../client.ts";
import { AuthorizationServerError } from "./authorization-server.ts";
import { permissionsIn, type ScopeRule } from "./scopes.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { tokenClient } from "./token-client.ts";
import { TokenRefusal } from "./token-refusal.ts";

export type AccessTokensOptions = {
  readonly keys: SigningKeys;
  readonly issuer: string;
  /** The URL that this server is for its clients; tokens have to be made for it. */
  readonly resource: string;
  readonly scopes: ScopeRule;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

/** Signatures that everybody may check and only one can make: with the others whoever knows the public key could. */
const algorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Of access tokens (RFC 9068, 2.1), and what servers write that know no other. */
const types: ReadonlySet<string> = new Set(["at+jwt", "application/at+jwt", "jwt"]);

/** Seconds by which two clocks may differ. */
const leewayS = 30;

const longestToken = 8 * 1024;
const keptTokens = 2_000;

type Known = { readonly client: Client; readonly signer: string };

/** Access tokens of one authorization server: JSON Web Tokens that it has signed for this server (RFC 9068, RFC 8707). */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  /** By hash, so that no token is kept. Only good ones are here: strangers cannot fill it. */
  readonly #known = new Map<string, Known>();
  readonly #signers = new WeakMap<Client, string>();

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  /** Whether a client that a token was taken for may go on: the token has not expired and its signer still counts. */
  isCurrent(client: Client): boolean {
    const signer = this.#signers.get(client);
    return signer !== undefined && this.#options.keys.has(signer) && Number(client.expiresAt) > this.#options.clock();
  }

  /** The client of a token that was checked before and still counts. */
  remembered(token: string): Client | undefined {
    const digest = digestOf(token);
    const known = this.#known.get(digest);
    if (known === undefined) return undefined;
    this.#known.delete(digest);
    if (!this.isCurrent(known.client)) return undefined;
    // A Map iterates in order of insertion, so those unused for longest come first.
    this.#known.set(digest, known);
    return known.client;
  }

  /** The client of a token. Rejects with TokenRefusal, or AUTHORIZATION_SERVER_UNAVAILABLE when nobody can tell now. */
  async verify(token: string): Promise<Client> {
    const { payload, signer } = await this.#checked(token);
    const { issuer, scopes } = this.#options;
    const client = tokenClient({
      issuer,
      payload,
      permissions: permissionsIn(payload, scopes),
      prefix: scopes.prefix,
      leewayS,
    });
    if (client === undefined) throw new TokenRefusal("The access token does not say whose it is.");
    this.#signers.set(client, signer);
    this.#known.set(digestOf(token), { client, signer });
    if (this.#known.size > keptTokens) this.#forgetOldest();
    return client;
  }

  async #checked(token: string): Promise<{ readonly payload: JWTPayload; readonly signer: string }> {
    const { keys, issuer, resource, clock } = this.#options;
    // A key, or a token that only its own server can read.
    if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token))
      throw new TokenRefusal("This is neither a valid API key nor an access token.");
    if (token.length > longestToken)
      throw new TokenRefusal(`The access token is longer than ${longestToken} characters.`);
    refuseForeign(token, issuer);
    try {
      const { payload, protectedHeader, key } = await jwtVerify(token, (header) => keys.find(header), {
        algorithms,
        issuer,
        audience: [resource, new URL(resource).href],
        requiredClaims: ["exp"],
        clockTolerance: leewayS,
        currentDate: new Date(clock()),
      });
      const { typ } = protectedHeader;
      if (typ !== undefined && !types.has(typ.toLowerCase())) throw new TokenRefusal("The token is no access token.");
      // Whoever has stolen it could show it as well: only a proof that is not asked for here would tell (RFC 8705, RFC 9449).
      if (payload.cnf !== undefined)
        throw new TokenRefusal("The access token is bound to its sender, and a plain bearer token is needed.");
      return { payload, signer: await calculateJwkThumbprint(key) };
    } catch (error) {
      throw refusalOf(error);
    }
  }

  #forgetOldest(): void {
    for (const digest of this.#known.keys()) {
      this.#known.delete(digest);
      return;
    }
  }
}

/** A token of another server would only have the keys looked for. */
function refuseForeign(token: string, issuer: string): void {
  try {
    if (decodeJwt(token).iss === issuer) return;
  } catch {
    throw new TokenRefusal("The access token is not valid.");
  }
  throw new TokenRefusal("The access token is of another authorization server.");
}

const claims: Readonly<Record<string, string>> = {
  aud: "The access token is for another server.",
  exp: "The access token does not say when it expires.",
  nbf: "The access token is not valid yet.",
};

function refusalOf(error: unknown): Error {
  if (error instanceof TokenRefusal) return error;
  if (error instanceof AuthorizationServerError) {
    return new ServerError("AUTHORIZATION_SERVER_UNAVAILABLE", { reason: error.message, retry_after: 5 });
  }
  if (error instanceof errors.JWTExpired) {
    return new TokenRefusal("The access token has expired.", { isExpired: true });
  }
  const claim = error instanceof errors.JWTClaimValidationFailed ? claims[error.claim] : undefined;
  if (claim !== undefined) return new TokenRefusal(claim);
  return new TokenRefusal("The access token is not valid.");
}

function digestOf(token: string): string {
  return hash("sha256", token, "base64url");
}
