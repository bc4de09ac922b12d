import * as two from "@modelcontextprotocol/client";
import { discoverOAuthProtectedResourceMetadata, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { decodeJwt } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { ClientLogin, noting, type Stage, type StageOptions, scopes, stage } from "./support.ts";

const stages: Stage[] = [];

afterEach(async () => {
  for (const open of stages.splice(0)) await open[Symbol.asyncDispose]();
});

async function staged(options?: StageOptions): Promise<Stage> {
  const open = await stage(options);
  stages.push(open);
  return open;
}

type Connected = { readonly client: Client; readonly notes: string[]; readonly login: ClientLogin };

const info = { name: "test-client", version: "1.0.0" };

/** Connects as a client that knows nothing but the URL of the server. */
async function connect({ resource, authority }: Stage, login = new ClientLogin()): Promise<Connected> {
  const notes: string[] = [];
  const origins = { [new URL(resource).origin]: "server", [new URL(authority.issuer).origin]: "authority" };
  const transport = () =>
    new StreamableHTTPClientTransport(new URL(resource), { authProvider: login, fetch: noting(notes, origins) });
  const first = transport();
  await expect(new Client(info).connect(first as Transport)).rejects.toThrow(UnauthorizedError);
  await first.finishAuth((await login.code()).code);
  const client = new Client(info);
  await client.connect(transport() as Transport);
  return { client, notes, login };
}

describe("a client that knows nothing but the server's URL", () => {
  test("finds the login by the challenge, as Claude does, registers, signs in and calls a tool", async () => {
    const { bridge, ...open } = await staged();
    const { client, notes, login } = await connect({ bridge, ...open });
    expect(notes.slice(0, 4)).toEqual([
      "POST server/mcp 401",
      "GET server/.well-known/oauth-protected-resource/mcp 200",
      "GET authority/.well-known/oauth-authorization-server 200",
      "POST authority/reg 201",
    ]);
    const asked = login.links[0]?.searchParams;
    expect(asked?.get("resource")).toBe(open.resource);
    expect(asked?.get("code_challenge_method")).toBe("S256");
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["send_telegram_message", "send_approval_request", "get_bridge_status"]),
    );
    expect(names).not.toContain("stop_bridge");
    const sent = await client.callTool({ name: "send_telegram_message", arguments: { message: "signed in" } });
    expect(sent.isError).toBeFalsy();
    expect(bridge.events.at(-1)).toMatchObject({ client: expect.stringMatching(/^oauth:alice:[0-9a-f]{20}$/) });
    await client.close();
  });

  test("of the SDK 2 does so, too, with both eras", async () => {
    const open = await staged();
    for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
      const login = new ClientLogin();
      const transport = () => new two.StreamableHTTPClientTransport(new URL(open.resource), { authProvider: login });
      const client = () => new two.Client(info, { versionNegotiation: { mode } });
      const first = transport();
      await expect(client().connect(first)).rejects.toThrow(two.UnauthorizedError);
      const { code, iss } = await login.code();
      await first.finishAuth(code, iss);
      const connected = client();
      await connected.connect(transport());
      const sent = await connected.callTool({ name: "send_telegram_message", arguments: { message: "hello" } });
      expect(sent.isError).toBeFalsy();
      await connected.close();
    }
  });

  test("finds the same by itself, as the Inspector does: below the path first, at the root after that", async () => {
    const { resource, server } = await staged();
    expect(await discoverOAuthProtectedResourceMetadata(resource)).toMatchObject({ resource });
    for (const path of ["", "/mcp"]) {
      const response = await server.fetch(`/.well-known/oauth-protected-resource${path}`);
      expect(response.headers.get("cache-control")).toBe("public, max-age=3600");
      expect(await response.json()).toMatchObject({ resource, bearer_methods_supported: ["header"] });
    }
  });

  test("is sent to what lies below the path at which a proxy passes on, and to no other", async () => {
    const open = await staged({ mcpPath: "/telegram/mcp", env: { MCP_BASE_PATH: "/telegram" } });
    const { client, notes } = await connect(open);
    expect(notes.slice(0, 2)).toEqual([
      "POST server/telegram/mcp 401",
      "GET server/telegram/.well-known/oauth-protected-resource/mcp 200",
    ]);
    expect(await discoverOAuthProtectedResourceMetadata(open.resource)).toMatchObject({ resource: open.resource });
    expect((await client.listTools()).tools).not.toEqual([]);
    await client.close();
  });

  test("signs in at an issuer with a path, whose metadata is where OpenID Connect has it", async () => {
    const open = await staged({ path: "/realms/team" });
    const { client } = await connect(open);
    expect((await client.listTools()).tools).not.toEqual([]);
    expect(open.authority.requests).toContain("GET /realms/team/jwks");
    await client.close();
  });

  test("whose token lacks a scope asks for it in addition to those that it has, and the call succeeds", async () => {
    const open = await staged({ env: { MCP_OAUTH_OFFERED_PERMISSIONS: "send_telegram_message" } });
    // One that registers itself for the scopes of the first challenge may ask for no others later.
    const login = await ClientLogin.registered(open.authority);
    const { client } = await connect(open, login);
    expect(scopeIn(login)).toEqual([scopes.send]);
    await expect(client.callTool({ name: "get_bridge_status" })).rejects.toThrow(UnauthorizedError);
    expect(login.links[1]?.searchParams.get("scope")?.split(" ")).toEqual([scopes.send, scopes.status]);
    const again = new StreamableHTTPClientTransport(new URL(open.resource), { authProvider: login });
    await again.finishAuth((await login.code()).code);
    expect(scopeIn(login).toSorted()).toEqual([scopes.status, scopes.send].toSorted());
    const second = new Client(info);
    await second.connect(again as Transport);
    expect((await second.callTool({ name: "get_bridge_status" })).isError).toBeFalsy();
    await Promise.all([client.close(), second.close()]);
  });
});

function scopeIn(login: ClientLogin): readonly string[] {
  const tokens = login.tokens() as { readonly access_token: string } | undefined;
  return String(decodeJwt(tokens?.access_token ?? "").scope).split(" ");
}
