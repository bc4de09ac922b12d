import * as z from "zod";

/** What was decided. */
export const auditDecisions = Object.freeze({
  tool_call: "A client called a tool",
  resource_read: "A client read a resource, over MCP or REST",
  approval_read: "A client looked at approvals over REST",
  pairing: "Somebody confirmed the code of a person who is not on the list",
  approval_withdrawal: "A client took an approval back over REST",
  authentication: "No key, a wrong or an expired one",
  authorization: "A key may not do what was asked with it, or a web page may not ask",
  limit: "A client, or the wrong keys of an address, are over the limit, or banned for that",
  ban: "A ban began",
  ban_lifted: "A client lifted the bans of an address",
  dashboard_action: "Somebody acted on the dashboard",
  keys_loaded: "API keys were read",
  signature: "A request to the bridge that nobody with the secret has signed",
  approval: "The bridge: somebody was asked, voted, decided, or tried to",
  command: "The bridge: a person gave the bot a command",
});

export const auditOutcomes = Object.freeze({
  done: "It was done",
  refused: "It was not tried, because of what was asked or who asked",
  failed: "It was tried, and a part of the system failed",
  waiting: "The client has to answer something first, and then calls again",
});

/** How a client speaks: MCP over HTTP, over a WebSocket or over the streams of its process, or REST. */
const transports = ["http", "websocket", "stdio", "rest"] as const;

export type Transport = (typeof transports)[number];

const keysOf = <Key extends string>(table: Readonly<Record<Key, string>>) => Object.keys(table) as [Key, ...Key[]];

/** Everything that a record of the audit log can have beside time, level, service, version and instance. */
export const auditRecordSchema = z.strictObject({
  decision: z.enum(keysOf(auditDecisions)).describe("What was decided"),
  outcome: z.enum(keysOf(auditOutcomes)).describe("What came of it"),
  code: z.string().exactOptional().describe("Code of the error, if it was not done"),
  reason: z.string().exactOptional().describe("Which of several reasons for that code"),
  client: z.string().exactOptional().describe("Name of the client whose key it was"),
  client_id: z.string().exactOptional().describe("First 16 hex digits of the SHA-256 of the key"),
  client_ip: z.string().exactOptional().describe("Address of the caller; absent over stdio"),
  transport: z.enum(transports).exactOptional().describe("How the caller spoke"),
  request_id: z.string().exactOptional().describe("As in the other lines of the request, and its `X-Request-Id`"),
  trace_id: z.string().exactOptional().describe("Of the caller's `traceparent`"),
  parent_span_id: z.string().exactOptional().describe("Of the caller's `traceparent`"),
  tool: z.string().exactOptional().describe("Name of the tool, or method and route; absent for one that is not there"),
  resource: z
    .string()
    .exactOptional()
    .describe("URI of the resource, its first 200 characters; of one that could not be read its template, or nothing"),
  event_id: z.string().exactOptional().describe("Of the event that the call made"),
  approval_id: z.string().exactOptional().describe("Of the approval; absent if it could not be read"),
  duration_ms: z.number().exactOptional().describe("Milliseconds from the call to its answer"),
  arguments: z
    .string()
    .exactOptional()
    .describe("What the client sent, as JSON, its first 4096 characters: only with `SECURITY_AUDIT_LOG_CONTENT=true`"),
  count: z.number().exactOptional().describe("How many decisions of this kind the record stands for, or bans ended"),
  action: z.string().exactOptional().describe("What was done on the dashboard"),
  dead_letter: z.number().exactOptional().describe("Number of the refused message that was retried or dropped"),
  address: z.string().exactOptional().describe("Address, or IPv6 network, of the ban"),
  seconds: z.string().exactOptional().describe("How long the ban lasts"),
  clients: z.array(z.string()).exactOptional().describe("Names of the clients whose keys count now"),
  step: z.string().exactOptional().describe("What happened to the approval: `asked`, `voted`, `decided`, ..."),
  command: z.string().exactOptional().describe("Name of the command"),
  result: z.string().exactOptional().describe("What the bot made of the command"),
  user_id: z.number().exactOptional().describe("Telegram id of the person"),
  chat_id: z.number().exactOptional().describe("Telegram id of the chat"),
  message_id: z.number().exactOptional().describe("Of the message with the buttons"),
  option: z.number().exactOptional().describe("Index of the button, from 0"),
});

export type AuditRecord = z.output<typeof auditRecordSchema>;

/** Who asked for something, and what for. */
export type AuditSubject = Omit<AuditRecord, "outcome" | "code" | "duration_ms">;
