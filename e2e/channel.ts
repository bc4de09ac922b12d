import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as z from "zod";

const messages = z.object({
  method: z.literal("notifications/claude/channel"),
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()) }),
});
const verdicts = z.object({
  method: z.literal("notifications/claude/channel/permission"),
  params: z.object({ request_id: z.string(), behavior: z.enum(["allow", "deny"]) }),
});

type Heard = z.output<typeof messages>["params"];
type Verdict = z.output<typeof verdicts>["params"];

export type Prompt = {
  readonly request_id: string;
  readonly tool_name: string;
  readonly description: string;
  readonly input_preview: string;
};

/** A pod that is killed takes the stream with it: the client comes back to another one, as long as it takes. */
const reconnectionOptions = {
  initialReconnectionDelay: 200,
  maxReconnectionDelay: 1_000,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 1_000,
};

/** A coding session as Claude Code is one: a real MCP client to which people talk, and what it has heard. */
export class ChannelSession {
  readonly heard: Heard[] = [];
  readonly verdicts: Verdict[] = [];
  readonly #url: string;
  readonly #key: string;
  #client: Client | undefined;

  constructor(url: string, key: string, name: string) {
    this.#url = `${url}?session=${name}`;
    this.#key = key;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error("the session has not begun");
    return this.#client;
  }

  /** Begins, or begins anew: what it heard before is kept. */
  async begin(): Promise<void> {
    const client = new Client({ name: "claude-code", version: "2.1.81" });
    client.setNotificationHandler(messages, ({ params }) => void this.heard.push(params));
    client.setNotificationHandler(verdicts, ({ params }) => void this.verdicts.push(params));
    const requestInit = { headers: { "x-api-key": this.#key } };
    const transport = new StreamableHTTPClientTransport(new URL(this.#url), { requestInit, reconnectionOptions });
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    this.#client = client;
  }

  /** Ends as a process does that is killed: the server is told nothing. */
  async end(): Promise<void> {
    await this.#client?.close();
  }

  /** What people said to it, without notices of the server. */
  get said(): readonly Heard[] {
    return this.heard.filter(({ meta }) => meta.kind !== "notice");
  }

  get contents(): readonly string[] {
    return this.said.map(({ content }) => content);
  }

  /** A tool wants to run, and the terminal asks. */
  ask(params: Prompt): Promise<void> {
    const method = "notifications/claude/channel/permission_request";
    return this.client.notification({ method, params } as Parameters<Client["notification"]>[0]);
  }
}
