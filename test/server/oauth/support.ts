import { expect } from "vitest";
import { freePort } from "../../../e2e/cluster/free-ports.ts";
import { tools } from "../../../server/tools/registry.ts";
import {
  type AuthorizationServerOptions,
  signIn,
  startAuthorizationServer,
  type TestAuthorizationServer,
} from "../support/authorization-server.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { startServer, type TestServer } from "../support/server.ts";

export const scopes = {
  send: "cctelegram:send_telegram_message",
  status: "cctelegram:get_bridge_status",
  alert: "cctelegram:send_performance_alert",
  all: "cctelegram:*",
} as const;

/** What the authorization server knows: servers refuse clients that ask for anything else. */
const known = [...[...tools.values()].map(({ permission }) => `cctelegram:${permission}`), scopes.all];

/** A server that takes the tokens of an authorization server, and what is around it. */
export type Stage = AsyncDisposable & {
  readonly bridge: FakeBridge;
  readonly authority: TestAuthorizationServer;
  readonly server: TestServer;
  /** What tokens have to be made for. */
  readonly resource: string;
  /** A token with scopes. */
  token(scope?: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Asks for the tools with a token. */
  tools(token: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
};

export type StageOptions = Partial<AuthorizationServerOptions> & {
  readonly env?: Readonly<Record<string, string>>;
  /** Of the URL under which clients reach MCP. */
  readonly mcpPath?: string;
};

export async function stage({ env = {}, mcpPath = "/mcp", ...options }: StageOptions = {}): Promise<Stage> {
  const bridge = await startFakeBridge();
  const authority = await startAuthorizationServer({ scopes: known, ...options });
  const port = await freePort();
  const resource = `http://127.0.0.1:${port}${mcpPath}`;
  const server = await startServer(bridge.url, {
    MCP_SERVER_PORT: `${port}`,
    MCP_OAUTH_ISSUER: authority.issuer,
    MCP_OAUTH_RESOURCE: resource,
    MCP_ENABLE_BANS: "false",
    MCP_ENABLE_RATE_LIMIT: "false",
    ...env,
  });
  return {
    bridge,
    authority,
    server,
    resource,
    token: (scope = scopes.send, claims = {}) => authority.token(resource, { claims: { scope, ...claims } }),
    tools: (token, headers = {}) =>
      server.fetch("/tools", { headers: { authorization: `Bearer ${token}`, ...headers } }),
    async [Symbol.asyncDispose]() {
      await server.close();
      await authority.close();
      await bridge.close();
    },
  };
}

/** The parameters of a challenge. */
export function challengeIn(response: Response): Readonly<Record<string, string>> {
  const header = response.headers.get("www-authenticate") ?? "";
  expect(header).toMatch(/^Bearer (\w+="[^"]*")(, \w+="[^"]*")*$/);
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

/** What a client remembers of its sign-in, and the person at its browser, in the form that both SDKs ask for. */
export class ClientLogin {
  readonly redirectUrl = "http://127.0.0.1:9/callback";
  readonly clientMetadata = {
    client_name: "a client of a test",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  /** Where the person was sent to. */
  readonly links: URL[] = [];
  #information: never | undefined;
  #tokens: never | undefined;
  #verifier = "";
  #discovered: never | undefined;

  /** A client that somebody has registered before. */
  static async registered({ issuer }: TestAuthorizationServer): Promise<ClientLogin> {
    const login = new ClientLogin();
    const body = JSON.stringify({ ...login.clientMetadata, application_type: "native" });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${issuer}/reg`, { method: "POST", headers, body });
    expect(response.status).toBe(201);
    login.saveClientInformation(await response.json());
    return login;
  }

  clientInformation(): never | undefined {
    return this.#information;
  }
  saveClientInformation(information: unknown): void {
    this.#information = information as never;
  }
  tokens(): never | undefined {
    return this.#tokens;
  }
  saveTokens(tokens: unknown): void {
    this.#tokens = tokens as never;
  }
  discoveryState(): never | undefined {
    return this.#discovered;
  }
  saveDiscoveryState(discovered: unknown): void {
    this.#discovered = discovered as never;
  }
  redirectToAuthorization(link: URL): void {
    this.links.push(link);
  }
  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }
  codeVerifier(): string {
    return this.#verifier;
  }

  /** The person signs in, and the browser comes back with a code. */
  async code(): Promise<{ readonly code: string; readonly iss: string | undefined }> {
    const { searchParams } = await signIn(this.links.at(-1) as URL);
    expect(searchParams.get("error_description")).toBeNull();
    return { code: searchParams.get("code") ?? "", iss: searchParams.get("iss") ?? undefined };
  }
}

/** A fetch that notes down what it was asked for and what came. */
export function noting(notes: string[], origins: Readonly<Record<string, string>>): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const response = await fetch(input, init);
    notes.push(`${init?.method ?? "GET"} ${origins[url.origin] ?? url.origin}${url.pathname} ${response.status}`);
    return response;
  };
}
