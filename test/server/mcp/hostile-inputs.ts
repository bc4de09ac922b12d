import type { EraName } from "../../../server/mcp/method.ts";
import { methods } from "../../../server/mcp/methods/registry.ts";

/** Stands in what the inputs say, so that it can be looked for where it must not be. */
export const marker = "h0st1le-marker";

/** Writes requests of one era, with everything that the era needs beside what is hostile. */
export type Writer = {
  readonly era: EraName;
  request(method: unknown, params?: unknown, id?: unknown): string;
};

/**
 * What the specification has as the answer: an error with one of these codes, a result (of a failed tool, too), or
 * nothing. `id` says whether the answer shows the request's.
 */
type Expected =
  | { readonly codes: readonly number[]; readonly id: "own" | "none" | "either" }
  | "result"
  | "silence"
  | "result or -32602";

export type HostileInput = {
  readonly name: string;
  text(writer: Writer): string;
  readonly answer: Expected;
  /** Eras in which it can be said; all when it is left out. */
  readonly eras?: readonly EraName[];
};

export const ownId = 7;

const refused = (code: number, id: "own" | "none" | "either" = "own"): Expected => ({ codes: [code], id });
const parseError = refused(-32700, "none");
const invalidRequest = refused(-32600, "none");
const invalidParams = refused(-32602);
const notFound = refused(-32601);

const write = (message: object) => JSON.stringify({ jsonrpc: "2.0", ...message });

const texts: readonly HostileInput[] = [
  ["nothing", ""],
  ["blanks", " \n\t "],
  ["half a message", `{"jsonrpc":"2.0","id":${ownId},"method":"${marker}`],
  ["no JSON", `hello ${marker}`],
  ["two messages", `{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}`],
  ["a comma too many", `{"jsonrpc":"2.0","id":${ownId},"method":"ping",}`],
  ["NaN as an id", `{"jsonrpc":"2.0","id":NaN,"method":"ping"}`],
  ["a NUL in the text", `{"jsonrpc":"2.0","id":${ownId},"method":"pi\0ng"}`],
  ["a line break in a string", `{"jsonrpc":"2.0","id":${ownId},"method":"${marker}\n{}"}`],
  ["two byte order marks", `\ufeff\ufeff{"jsonrpc":"2.0","id":${ownId},"method":"ping"}`],
  ["an id twice", `{"jsonrpc":"2.0","id":${ownId},"id":8,"method":"ping"}`],
  ["a method twice", `{"jsonrpc":"2.0","id":${ownId},"method":"ping","m\\u0065thod":"tools/call"}`],
  ["a parameter twice", `{"jsonrpc":"2.0","id":${ownId},"method":"tools/call","params":{"name":"a","name":"b"}}`],
].map(([name = "", text = ""]) => ({ name, text: () => text, answer: parseError }));

const nested = (depth: number) => `${"[".repeat(depth)}${depth > 0 ? `"${marker}"` : ""}${"]".repeat(depth)}`;

const shapes: readonly HostileInput[] = [
  {
    name: "1,000 levels in a parameter",
    text: ({ request }) => request("prompts/list", { cursor: "DEEP" }, ownId).replace('"DEEP"', nested(1000)),
    answer: invalidParams,
  },
  {
    name: "1,000 levels in a tool's arguments",
    text: ({ request }) =>
      request("tools/call", { name: "get_bridge_status", arguments: "DEEP" }).replace('"DEEP"', nested(1000)),
    answer: "result",
  },
  { name: "100,000 levels of lists", text: () => nested(100_000), answer: invalidRequest },
  {
    name: "50,000 members",
    text: ({ request }) => request("tools/list", { more: Array(50_000).fill(1) }),
    answer: invalidParams,
  },
  {
    name: "__proto__ as a parameter",
    text: ({ request }) => request("tools/list", { X: { a: 1 } }).replace('"X"', '"__proto__"'),
    answer: invalidParams,
  },
  {
    name: "__proto__ inside of a tool's arguments",
    text: ({ request }) =>
      request("tools/call", { name: "get_bridge_status", arguments: { X: { isError: true } } }).replace(
        '"X"',
        '"\\u005f_proto__"',
      ),
    answer: "result",
  },
  {
    name: "a body of 300 KiB",
    text: ({ request }) =>
      request("tools/call", { name: "get_bridge_status", arguments: { x: marker.repeat(22_000) } }),
    answer: "result",
  },
  { name: "a list of nothing", text: () => "[]", answer: invalidRequest },
  { name: "a batch", text: ({ request }) => `[${request("tools/list")}]`, answer: invalidRequest },
  { name: "a batch in a batch", text: ({ request }) => `[[${request("tools/list")}]]`, answer: invalidRequest },
  ...["null", "true", "1", '"ping"', "{}", '{"hello":"world"}'].map((text) => ({
    name: `${text} alone`,
    text: () => text,
    answer: invalidRequest,
  })),
];

const ids: readonly HostileInput[] = [
  ...[null, 1.5, -0.1, 2 ** 53, true, {}, [], [1], { id: 1 }, "x".repeat(100_000)].map((id) => ({
    name: `the id ${JSON.stringify(id).slice(0, 12)}`,
    text: ({ request }: Writer) => request("tools/list", {}, id),
    answer: invalidRequest,
  })),
  {
    name: "an id beyond all numbers",
    text: ({ request }) => request("tools/list", {}, "BIG").replace('"BIG"', "1e999"),
    answer: invalidRequest,
  },
  ...["", "0", 0, -1, "__proto__", "\u0000", "\ud800", 'a"\n', "Grüße 🎉"].map((id) => ({
    name: `the id ${JSON.stringify(id)}, which is right`,
    text: ({ request }: Writer) => request("tools/list", {}, id),
    answer: "result" as const,
  })),
];

const envelopes: readonly HostileInput[] = [
  ...[undefined, "1.0", 2, 2.0, null, "2.0 "].map((jsonrpc) => ({
    name: `jsonrpc ${JSON.stringify(jsonrpc)}`,
    text: () => JSON.stringify({ jsonrpc, id: ownId, method: "ping" }),
    answer: refused(-32600),
  })),
  ...[1, null, {}, [], true].map((method) => ({
    name: `the method ${JSON.stringify(method)}`,
    text: () => write({ id: ownId, method }),
    answer: refused(-32600),
  })),
  ...[null, [], "x", 1, true].map((params) => ({
    name: `the parameters ${JSON.stringify(params)}`,
    text: () => write({ id: ownId, method: "tools/list", params }),
    answer: invalidParams,
  })),
  { name: "neither method nor result", text: () => write({ id: ownId }), answer: refused(-32600, "either") },
  { name: "a result and an error", text: () => write({ id: ownId, result: {}, error: {} }), answer: invalidRequest },
  { name: "an error that is none", text: () => write({ id: ownId, error: "no" }), answer: invalidRequest },
  { name: "a result that is none", text: () => write({ id: ownId, result: marker }), answer: invalidRequest },
];

const nobodysMethods: readonly HostileInput[] = [
  "",
  marker,
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "prototype",
  "tools",
  "tools/",
  "TOOLS/LIST",
  " tools/list",
  "tools/list/../call",
  "rpc.discover",
  "notifications/cancelled",
  "sampling/createMessage",
  "x".repeat(10_000),
].map((method) => ({
  name: `the unknown method ${JSON.stringify(method).slice(0, 40)}`,
  text: ({ request }) => request(method),
  answer: notFound,
}));

const unprintableMethods: readonly HostileInput[] = [
  `${marker}\n{"level":"error"}`,
  "\u0000",
  "\ud800",
  "\u001b[31mred",
  "Größe",
].map((method) => ({
  name: `the method ${JSON.stringify(method)}`,
  text: ({ request }) => request(method),
  answer: notFound,
}));

const nobodysThings: readonly HostileInput[] = [
  "constructor",
  "__proto__",
  "toString",
  marker,
  "",
  "\u0000",
  "\ud800",
  `a\n${marker}`,
  "../../etc/passwd",
  "x".repeat(3000),
].flatMap((name) =>
  (
    [
      ["tools/call", { name }],
      ["prompts/get", { name }],
      ["completion/complete", { ref: { type: "ref/prompt", name }, argument: { name: "x", value: "" } }],
    ] as const
  ).map(([method, params]) => ({
    name: `${method} of ${JSON.stringify(name).slice(0, 30)}`,
    text: ({ request }: Writer) => request(method, params),
    answer: invalidParams,
  })),
);

const nobodysResources: readonly HostileInput[] = [
  "constructor",
  "__proto__",
  "",
  "\u0000",
  `cctelegram://events/\ud800`,
  `cctelegram://events/${marker}/..`,
  "file:///etc/passwd",
  "cctelegram://events/%00%",
].map((uri) => ({
  name: `resources/read of ${JSON.stringify(uri)}`,
  text: ({ request }) => request("resources/read", { uri }),
  answer: { codes: [-32002, -32602], id: "own" },
}));

const strings: readonly HostileInput[] = ["\u0000", "\ud800", "\udfff\ud800", "\u202e", `${marker}\r\n`].map(
  (message) => ({
    name: `a tool with the text ${JSON.stringify(message)}`,
    text: ({ request }) => request("tools/call", { name: "send_telegram_message", arguments: { message } }),
    answer: "result",
  }),
);

const silent: readonly HostileInput[] = [
  ["a response that nobody asked for", { id: ownId, result: { action: "accept", content: { marker } } }],
  ["a response to a text", { id: marker, result: {} }],
  ["a failure that nobody asked for", { id: ownId, error: { code: -1, message: marker } }],
  ["a notification that nobody knows", { method: marker }],
  ["a notification named like an object's member", { method: "__proto__" }],
  ["a request without its id", { method: "tools/list" }],
  ["a call without its id", { method: "tools/call", params: { name: "constructor" } }],
  ...[1, "1", marker, null, {}, [], true, 1e300, "x".repeat(10_000)].map(
    (requestId) =>
      [
        `a cancellation of ${JSON.stringify(requestId).slice(0, 20)}`,
        { method: "notifications/cancelled", params: { requestId } },
      ] as const,
  ),
  ["a cancellation of nothing", { method: "notifications/cancelled" }],
  ["progress of nothing", { method: "notifications/progress", params: { progressToken: marker, progress: "far" } }],
].map(([name, message]) => ({ name: String(name), text: () => write(message as object), answer: "silence" }));

const versions: readonly HostileInput[] = [
  ...[1, null, {}, ["2025-11-25"], true].map((protocolVersion) => ({
    name: `initialize with the version ${JSON.stringify(protocolVersion)}`,
    text: ({ request }: Writer) =>
      request("initialize", { protocolVersion, capabilities: {}, clientInfo: { name: "x", version: "1" } }),
    answer: invalidParams,
    eras: ["handshake"] as const,
  })),
  ...["", "1.0", "9999-99-99", "__proto__", marker, "x".repeat(10_000)].map((protocolVersion) => ({
    name: `initialize with the version ${JSON.stringify(protocolVersion).slice(0, 20)}`,
    text: ({ request }: Writer) =>
      request("initialize", { protocolVersion, capabilities: {}, clientInfo: { name: marker, version: "1\n2" } }),
    answer: "result" as const,
    eras: ["handshake"] as const,
  })),
  ...[1, null, {}, ["2026-07-28"]].map((version) => ({
    name: `the version ${JSON.stringify(version)} in a request`,
    text: ({ request }: Writer) =>
      request("tools/list", { _meta: { "io.modelcontextprotocol/protocolVersion": version } }),
    answer: { codes: [-32602, -32020], id: "own" } as const,
    eras: ["stateless"] as const,
  })),
  ...["1999-01-01", "2027-01-01", "2025-11-25", "", "__proto__"].map((version) => ({
    name: `the version ${JSON.stringify(version)} in a request`,
    text: ({ request }: Writer) =>
      request("tools/list", { _meta: { "io.modelcontextprotocol/protocolVersion": version } }),
    answer: refused(-32022),
    eras: ["stateless"] as const,
  })),
  ...[null, 1, "all", []].map((capabilities) => ({
    name: `the capabilities ${JSON.stringify(capabilities)} in a request`,
    text: ({ request }: Writer) =>
      request("tools/list", { _meta: { "io.modelcontextprotocol/clientCapabilities": capabilities } }),
    answer: invalidParams,
    eras: ["stateless"] as const,
  })),
];

/** Every name that some method has as a parameter; a method looks at its own. */
const parameterNames = [
  "name",
  "uri",
  "arguments",
  "cursor",
  "level",
  "ref",
  "argument",
  "protocolVersion",
  "capabilities",
  "clientInfo",
  "taskId",
  "inputResponses",
];

/** Each method of the registry, with parameters of wrong types. Methods without parameters answer as ever. */
const wrongTypes: readonly HostileInput[] = methods.flatMap(({ name: method, eras }) =>
  [1, null, true, [], [marker], { marker }].map((value) => ({
    name: `${method} with ${JSON.stringify(value)} for everything`,
    text: ({ request }: Writer) => {
      const params = Object.fromEntries(parameterNames.map((name) => [name, value]));
      // Any object is a filter of notifications; one of nothing would be listened to for ever.
      return request(method, { ...params, notifications: [value] });
    },
    answer: "result or -32602" as const,
    eras,
  })),
);

/** What nobody means well with, and what it is answered. A transport is right when it answers all of it so. */
export const hostileInputs: readonly HostileInput[] = [
  ...texts,
  ...shapes,
  ...ids,
  ...envelopes,
  ...nobodysMethods,
  ...unprintableMethods,
  ...nobodysThings,
  ...nobodysResources,
  ...strings,
  ...silent,
  ...versions,
  ...wrongTypes,
];

/** What is heard of an input. */
export type Heard = {
  readonly messages: readonly {
    readonly id?: string | number | null;
    readonly result?: object;
    readonly error?: { readonly code: number };
  }[];
  /** Of HTTP. */
  readonly status?: number;
};

/** A way for hostile inputs to a server that runs already. */
export type HostileLink = {
  readonly writer: Writer;
  /** Sends a text as it is and resolves with everything that is said to it. */
  send(text: string): Promise<Heard>;
  /** Whether the transport can carry a text as one message. */
  canSay?(text: string): boolean;
  /** The error that the transport itself has to give to a text, because of what it cannot say beside it. */
  ownError?(text: string): number | undefined;
  /** What the server has logged since the beginning. */
  logText(): string;
  close(): Promise<void>;
};
