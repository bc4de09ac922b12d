import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, beforeEach } from "vitest";
import * as z from "zod";
import type { Session } from "../../../../contract/sessions.ts";
import { Talk } from "../../bridge/sessions/talk.ts";
import { type Overrides, SECRET, until } from "../../bridge/support.ts";
import { keys, keysJson, startServer, type TestServer } from "../../support/server.ts";

export const otherKey = "key-of-another-client-with-a-session";
export const allKeys = JSON.stringify({
  ...JSON.parse(keysJson),
  [otherKey]: { name: "other", permissions: ["group:sessions", "group:responses"], enabled: true },
});

const channelNotification = z.object({
  method: z.literal("notifications/claude/channel"),
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()) }),
});

const verdictNotification = z.object({
  method: z.literal("notifications/claude/channel/permission"),
  params: z.object({ request_id: z.string(), behavior: z.enum(["allow", "deny"]) }),
});

type Heard = z.output<typeof channelNotification>["params"];

/** A client as Claude Code is one, and what it has heard. */
export type ChannelClient = {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
  readonly heard: Heard[];
  readonly verdicts: z.output<typeof verdictNotification>["params"][];
  contents(): readonly string[];
};

export type Listening = {
  until(pattern: RegExp): Promise<string>;
  cancel(): Promise<void>;
};

const accept = "application/json, text/event-stream";

/** A real bridge that hears Anna and Ben, and two servers of it; made anew for every test of the file. */
export class Stage {
  readonly talk: Talk;
  servers: readonly TestServer[] = [];
  readonly #clients: Client[] = [];

  constructor(overrides: Overrides = {}) {
    this.talk = new Talk(overrides);
    beforeEach(async () => {
      this.servers = await Promise.all([this.server(), this.server()]);
    });
    afterEach(async () => {
      await Promise.all(this.#clients.splice(0).map((client) => client.close()));
      await Promise.all(this.servers.map((server) => server.close()));
    });
  }

  server(env: Record<string, string> = {}): Promise<TestServer> {
    const usual = { MCP_RATE_LIMIT_REQUESTS: "100000", HMAC_SECRET: SECRET };
    const given = env.MCP_API_KEYS_FILE ? {} : { MCP_API_KEYS: allKeys };
    return startServer(this.talk.bridge.url, { ...usual, ...given, ...env });
  }

  at(index: number): TestServer {
    return this.servers[index % this.servers.length] as TestServer;
  }

  async client({
    key = keys.all as string,
    query = "",
    headers = {},
    to = this.at(0).url,
    fetch: send = fetch as typeof fetch,
  }): Promise<ChannelClient> {
    const client = new Client({ name: "claude-code", version: "2.1.81" });
    const heard: Heard[] = [];
    const verdicts: ChannelClient["verdicts"] = [];
    client.setNotificationHandler(channelNotification, ({ params }) => void heard.push(params));
    client.setNotificationHandler(verdictNotification, ({ params }) => void verdicts.push(params));
    const transport = new StreamableHTTPClientTransport(new URL(`${to}/mcp${query}`), {
      requestInit: { headers: { "x-api-key": key, ...headers } },
      fetch: send,
    });
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    this.#clients.push(client);
    return { client, transport, heard, verdicts, contents: () => heard.map(({ content }) => content) };
  }

  /** A fetch of which every request goes to the next server; the stream stays where it was opened. */
  roaming(): typeof fetch {
    let turn = 0;
    return (url, init) => {
      const target = new URL(String(url));
      if (init?.method === "POST") target.port = new URL(this.at(turn++).url).port;
      return fetch(target, init);
    };
  }

  /** A session whose client says by itself what it has read. */
  async raw(name: string, { isReady = true } = {}) {
    const post = (json: object, headers = {}, to = 0) =>
      this.at(to).fetch(`/mcp?session=${name}`, { key: keys.all, json, headers: { accept, ...headers } });
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const begun = await post({ jsonrpc: "2.0", id: 0, method: "initialize", params });
    const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
    if (isReady) await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
    const answered = (seen: string, to = 0) => post({ jsonrpc: "2.0", id: pingIn(seen), result: {} }, session, to);
    return { session, post: (json: object, to = 0) => post(json, session, to), answered };
  }

  /** The events of a stream, as text. */
  async listen(server: number, headers: Record<string, string>): Promise<Listening> {
    const all = { accept: "text/event-stream", ...headers };
    const response = await this.at(server).fetch("/mcp", { key: keys.all, headers: all });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    return {
      async until(pattern) {
        while (!pattern.test(seen)) {
          const { value, done } = (await reader?.read()) ?? { done: true };
          if (done) throw new Error(`the stream ended before ${pattern}: ${seen}`);
          seen += value;
        }
        return seen;
      },
      cancel: async () => void (await reader?.cancel()),
    };
  }

  /** How the bridge knows a session. */
  session(name: string, client = "admin"): Session | undefined {
    return this.talk.bridge.channel.sessions.list(client).find((session) => session.name === name);
  }

  is(state: Session["state"], name: string, client = "admin"): Promise<void> {
    return until(`${client}/${name} is ${state}`, () => this.session(name, client)?.state === state);
  }

  /** Resolves when so much of what was said to a session is open. */
  waits(count: number, name: string, client = "admin"): Promise<void> {
    return until(`${count} wait for ${client}/${name}`, () => this.session(name, client)?.waiting === count);
  }

  /** Resolves when the first server has counted so many endings. */
  counts(ending: string, count: number): Promise<void> {
    const line = `mcp_channel_events_total{ending="${ending}"}`;
    return until(`${count} ${ending}`, async () => (await this.at(0).metric(line)) === String(count));
  }

  /** What somebody says in the private chat goes to this session from now on. */
  async bind(name: string, { client = "admin", from = { id: 1, first_name: "Anna" } } = {}): Promise<void> {
    await until(`${client}/${name}`, () => this.session(name, client) !== undefined);
    this.talk.says(`/bind ${client}/${name}`, { from });
    const isBound = () => this.session(name, client)?.bound.some(({ chat_id }) => chat_id === from.id) === true;
    await until(`${client}/${name} is bound`, isBound);
  }

  /** The session is there, and hears what Anna says. */
  async bound(name: string): Promise<void> {
    await this.is("here", name);
    await this.bind(name);
  }

  /** Whoever holds a session is gone, without having said so. */
  async vanished(name: string, client = "admin"): Promise<void> {
    const other = { client, name, holder: "somebody-else" };
    await this.talk.bridge.channel.sessions.register({ ...other, take_over: true });
    await this.talk.bridge.channel.sessions.leave(other);
  }
}

/** The id of the last ping of a stream. */
function pingIn(seen: string): string {
  return [...seen.matchAll(/"id":"([^"]+)","method":"ping"/g)].at(-1)?.[1] ?? "";
}
