import * as z from "zod";

/** Why an authorization server cannot be asked, for logs and health: its name and what it says are not in it. */
export class AuthorizationServerError extends Error {
  override readonly name = "AuthorizationServerError";
}

export type AuthorizationServer = {
  /** As it stands in its tokens, character by character. */
  readonly issuer: string;
  /** Undefined: its metadata tells. */
  readonly jwksUrl?: string | undefined;
};

/** What a document may have in bytes, and how many milliseconds all requests for it may take together. */
const limits = { bytes: 256 * 1024, timeoutMs: 5_000 };

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Where the keys are that sign tokens. Rejects with AuthorizationServerError. */
export async function keysUrlOf({ issuer, jwksUrl }: AuthorizationServer, get: typeof fetch): Promise<string> {
  if (jwksUrl !== undefined) return jwksUrl;
  const signal = AbortSignal.timeout(limits.timeoutMs);
  let problem = "";
  for (const url of metadataUrls(issuer)) {
    const found = await keysUrlIn(url, issuer, get, signal);
    if ("jwksUrl" in found) return found.jwksUrl;
    problem = found.problem;
  }
  throw new AuthorizationServerError(`its metadata is not usable: ${problem}`);
}

/** Where the metadata of an issuer is (RFC 8414, 3.1), and where OpenID Connect has it. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, "");
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...(path === "" ? [] : [`${origin}${path}/.well-known/openid-configuration`]),
  ];
}

async function keysUrlIn(
  url: string,
  issuer: string,
  get: typeof fetch,
  signal: AbortSignal,
): Promise<{ readonly jwksUrl: string } | { readonly problem: string }> {
  const document = await documentAt(url, get, signal);
  if (document === undefined) return { problem: "there is none" };
  const parsed = metadataSchema.safeParse(document);
  if (!parsed.success) return { problem: "issuer or jwks_uri is missing" };
  const { issuer: told, jwks_uri: jwksUrl } = parsed.data;
  if (told !== issuer)
    return { problem: "it is of another issuer; MCP_OAUTH_ISSUER has to be the same, with its slashes" };
  // What a server says must not send us anywhere else.
  if (new URL(jwksUrl).origin === new URL(issuer).origin) return { jwksUrl };
  return { problem: "jwks_uri is on another origin; set MCP_OAUTH_JWKS_URL if it is meant" };
}

/** A JSON document; undefined where there is none. Rejects with AuthorizationServerError. */
export async function documentAt(
  url: string,
  get: typeof fetch,
  signal = AbortSignal.timeout(limits.timeoutMs),
): Promise<unknown> {
  try {
    const response = await get(url, { redirect: "manual", headers: { accept: "application/json" }, signal });
    if (response.ok) return JSON.parse(await textOf(response));
    await response.body?.cancel();
    if (response.status >= 400 && response.status < 500) return undefined;
    throw new AuthorizationServerError(`it answered with status ${response.status}`);
  } catch (error) {
    throw error instanceof AuthorizationServerError ? error : new AuthorizationServerError(reasonOf(error));
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > limits.bytes) throw new AuthorizationServerError(`its answer is larger than ${limits.bytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return "its answer is not valid JSON";
  if (!(error instanceof Error)) return "unknown error";
  if (error.name === "TimeoutError") return `it did not answer within ${limits.timeoutMs / 1000} s`;
  const { code } = (error.cause ?? error) as { readonly code?: unknown };
  return typeof code === "string" ? `it cannot be reached (${code})` : "it cannot be reached";
}
