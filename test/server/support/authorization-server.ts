import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { Provider } from "oidc-provider";

type SigningKey = { readonly kid: string; readonly privateKey: CryptoKey; readonly jwk: JWK };

/** Answers in place of the authorization server; false: it shall do so itself. */
type Front = (request: IncomingMessage, response: ServerResponse) => boolean;

type TokenOptions = {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Default: the key with which the server signs now. */
  readonly key?: SigningKey;
};

/** A real authorization server on loopback: clients register themselves, and whoever comes is signed in as the person that a test names. */
export type TestAuthorizationServer = {
  readonly issuer: string;
  /** What was asked for, as `METHOD /path`. */
  readonly requests: string[];
  /** Who signs in next. */
  person: string;
  /** Scopes to which the person does not agree. */
  readonly refusedScopes: Set<string>;
  /** What stands in front of it. */
  front: Front;
  readonly key: SigningKey;
  /** Signs with a new key from now on; the old one is withdrawn, unless it is kept. */
  rotate(options?: { readonly keepsOld?: boolean }): Promise<void>;
  /** A token as this server would sign it, for a resource; claims and header are as a test says. */
  token(resource: string, options?: TokenOptions): Promise<string>;
  /** Closes its port. */
  stop(): Promise<void>;
  /** Opens it again. */
  start(): Promise<void>;
  close(): Promise<void>;
};

export type AuthorizationServerOptions = {
  readonly scopes: readonly string[];
  /** Of the issuer, such as /realms/team. */
  readonly path?: string;
  /** Seconds for which tokens count. */
  readonly lifetimeS?: number;
  /** What stands in front of it from the start. */
  readonly front?: Front;
};

export async function startAuthorizationServer(options: AuthorizationServerOptions): Promise<TestAuthorizationServer> {
  const { path = "" } = options;
  const server = createServer();
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const issuer = origin + path;
  let keys = [await newKey()];
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const running: TestAuthorizationServer = {
    issuer,
    requests: [],
    person: "alice",
    refusedScopes: new Set<string>(),
    front: options.front ?? (() => false),
    get key() {
      return keys[0] as SigningKey;
    },
    async rotate({ keepsOld = false } = {}) {
      keys = [await newKey(), ...(keepsOld ? keys : [])];
      answer = answering(providerOf(issuer, keys, options, running), running);
    },
    async token(resource, { claims = {}, header = {}, key = running.key } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: issuer, aud: resource, sub: "alice", client_id: "a-client", iat: now, exp: now + 600 };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: "RS256", typ: "at+jwt", kid: key.kid, ...header })
        .sign(key.privateKey, { crit: { sealed: true } });
    },
    stop,
    start: () => listen(server, port),
    close: async () => (server.listening ? stop() : undefined),
  };
  let answer = answering(providerOf(issuer, keys, options, running), running);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    running.requests.push(`${request.method} ${request.url?.split("?")[0]}`);
    if (running.front(request, response)) return;
    // As a server with several tenants passes on what is below the path of one.
    if (path !== "" && !request.url?.startsWith(path)) return void response.writeHead(404).end();
    Object.assign(request, { originalUrl: request.url });
    request.url = request.url?.slice(path.length) || "/";
    answer(request, response);
  });
  return running;
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
}

let made = 0;

/** A key pair, and its private part as a JSON Web Key. */
export async function newKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  made += 1;
  const kid = `key-${made}`;
  return { kid, privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" } };
}

type State = Pick<TestAuthorizationServer, "person" | "refusedScopes">;

function providerOf(
  issuer: string,
  keys: readonly SigningKey[],
  { scopes, lifetimeS = 600 }: AuthorizationServerOptions,
  state: State,
): Provider {
  return new Provider(issuer, {
    jwks: { keys: keys.map(({ jwk }) => ({ ...jwk, kty: "RSA" })) },
    scopes: [...scopes],
    ttl: {
      AccessToken: lifetimeS,
      AuthorizationCode: 60,
      ClientCredentials: lifetimeS,
      Grant: 600,
      Interaction: 600,
      Session: 600,
    },
    cookies: { keys: ["a-key-for-cookies"] },
    findAccount: (_context, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: scopes.join(" "),
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: lifetimeS,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    clientDefaults: { token_endpoint_auth_method: "none" },
    interactions: { url: (_context, { uid }) => `${new URL(issuer).pathname.replace(/\/$/, "")}/interaction/${uid}` },
    loadExistingGrant: async (context) => {
      const { session, client, params, provider } = context.oidc;
      const resource = params?.resource;
      if (session?.accountId === undefined || client === undefined || typeof resource !== "string") return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      const asked = String(params?.scope ?? "").split(" ");
      // The server knows them of every resource, and asks about both.
      grant.addOIDCScope(asked.join(" "));
      grant.addResourceScope(resource, asked.filter((scope) => !state.refusedScopes.has(scope)).join(" "));
      grant.rejectResourceScope(resource, [...state.refusedScopes].join(" "));
      await grant.save();
      return grant;
    },
  });
}

/** Signs whoever comes to a login in, as the page of a server would after the right password. */
function answering(provider: Provider, state: State) {
  const answer = provider.callback();
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (!request.url?.startsWith("/interaction/")) return void answer(request, response);
    const agreed = { login: { accountId: state.person }, consent: {} };
    provider
      .interactionFinished(request, response, agreed)
      .catch((error: Error) => response.writeHead(500).end(String(error)));
  };
}

/** Follows a link to a login as a browser does, and resolves with the URL at which the person comes back. */
export async function signIn(link: URL): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = link;
  for (let hops = 0; hops < 10; hops++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (location === null) throw new Error(`the login ended with ${response.status}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.origin !== link.origin) return url;
  }
  throw new Error("the login goes round in circles");
}
