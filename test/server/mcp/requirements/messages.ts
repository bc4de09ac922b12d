import { hostile, page, type Stated } from "./requirement.ts";

const both: readonly Stated[] = [
  {
    id: "json-rpc",
    level: "MUST",
    heading: "Messages",
    says: "Messages follow JSON-RPC 2.0.",
    shownBy: [hostile('jsonrpc "1.0"'), hostile("the method 1"), hostile("neither method nor result")],
  },
  {
    id: "request-id",
    level: "MUST",
    heading: "Requests",
    says: "Requests have an id that is a text or an integer.",
    shownBy: [hostile("the id 1.5"), hostile('the id "0", which is right'), "mcp/message.test.ts › has no id like %s"],
  },
  {
    id: "no-null-id",
    level: "MUST NOT",
    heading: "Requests",
    says: "The id of a request is not null.",
    shownBy: [hostile("the id null")],
  },
  {
    id: "result-id",
    level: "MUST",
    heading: "Result Responses",
    says: "A result has the id of its request.",
    shownBy: [hostile("the id 0, which is right"), "mcp/mcp.test.ts › concurrent clients get their own answers"],
  },
  {
    id: "result",
    level: "MUST",
    heading: "Result Responses",
    says: "A response that is a success has a result.",
    shownBy: [
      "mcp/mcp.test.ts › a client with Accept %j is served",
      "mcp/stateless.test.ts › a tool is called with nothing before it",
    ],
  },
  {
    id: "error-id",
    level: "MUST",
    heading: "Error Responses",
    says: "An error has the id of its request, if that could be read.",
    shownBy: [hostile("the parameters null"), hostile('the unknown method "toString"'), hostile("half a message")],
  },
  {
    id: "error",
    level: "MUST",
    heading: "Error Responses",
    says: "An error has a code and a message.",
    shownBy: [
      hostile("the parameters null"),
      "mcp/features.test.ts › without a required argument are refused with its name",
    ],
  },
  {
    id: "error-code",
    level: "MUST",
    heading: "Error Responses",
    says: "Codes of errors are integers.",
    shownBy: [hostile("the parameters null"), hostile("no JSON")],
  },
  {
    id: "no-response-to-notifications",
    level: "MUST NOT",
    heading: "Notifications",
    says: "A notification gets no response.",
    shownBy: [hostile("a notification that nobody knows"), hostile("a request without its id")],
  },
  {
    id: "notifications-without-id",
    level: "MUST NOT",
    heading: "Notifications",
    says: "Notifications have no id.",
    shownBy: ["mcp/telling.test.ts › comes under the client's token %j, always more, and before the answer"],
  },
  {
    id: "authorization",
    level: "SHOULD",
    heading: "Auth",
    says: "Over HTTP the framework of authorization is followed.",
    shownBy: [
      "oauth/sign-in.test.ts › finds the login by the challenge, as Claude does, registers, signs in and calls a tool",
    ],
  },
  {
    id: "stdio-authorization",
    level: "SHOULD NOT",
    heading: "Auth",
    says: "Over stdio it is not followed: credentials come from the environment.",
    shownBy: [
      "mcp/stdio/alone.process.test.ts › a client of the SDK starts it, sends a message that reaches Telegram, and ends it",
    ],
  },
  {
    id: "dialect",
    level: "SHOULD",
    heading: "Schema Dialect",
    says: "Schemas are of JSON Schema 2020-12.",
    shownBy: ["mcp/lists.test.ts › %s has schemas of JSON Schema 2020-12 without a dialect of their own"],
  },
  {
    id: "dialect-support",
    level: "MUST",
    heading: "Implementation Requirements",
    says: "JSON Schema 2020-12 is what schemas without $schema are.",
    shownBy: ["mcp/lists.test.ts › %s has schemas of JSON Schema 2020-12 without a dialect of their own"],
  },
  {
    id: "dialect-errors",
    level: "MUST",
    heading: "Implementation Requirements",
    says: "Schemas are validated by their dialect, and an unknown dialect is an error that says so.",
    notApplicable: "The server gets no schemas from clients, and its own have one dialect.",
  },
  {
    id: "dialect-documents",
    level: "SHOULD",
    heading: "Implementation Requirements",
    says: "Which dialects are supported is documented.",
    notApplicable: "The server gets no schemas from clients, and its own have one dialect.",
  },
  {
    id: "valid-schemas",
    level: "MUST",
    heading: "Schema Validation",
    says: "Schemas are valid by their dialect.",
    shownBy: ["mcp/lists.test.ts › %s has schemas of JSON Schema 2020-12 without a dialect of their own"],
  },
  {
    id: "meta-assumptions",
    level: "MUST NOT",
    heading: "`_meta`",
    says: "Nothing is assumed of values under reserved keys of _meta.",
    shownBy: ["mcp/telling.test.ts › is not sent for the token %j", hostile("prompts/list with null for everything")],
  },
  {
    id: "meta-prefix",
    level: "MUST",
    heading: "`_meta`",
    says: "Prefixes of keys of _meta are labels between dots, and names begin and end with a letter or digit.",
    notApplicable: "The server sends only keys that the specification itself defines.",
  },
  {
    id: "meta-reverse-dns",
    level: "SHOULD",
    heading: "`_meta`",
    says: "Prefixes of keys of _meta are names of DNS in reverse.",
    notApplicable: "The server sends only keys that the specification itself defines.",
  },
];

const missing = "mcp/stateless.test.ts › without its version or the client's capabilities a request is malformed";
const notDeclared = "mcp/asking.test.ts › is not asked in MCP 2026-07-28: %s";
const whoAnswers = "mcp/telling.test.ts › stands in results, in those of failing tools, and in what asks for more";

export const messages = [
  ...page("2025-11-25", "basic/index", [
    {
      id: "base",
      level: "MUST",
      heading: "",
      says: "The base protocol and the lifecycle are supported.",
      shownBy: ["mcp/sessions.test.ts › begin with the version that the client wants, or the newest that it may know"],
    },
    ...both,
    {
      id: "unique-id",
      level: "MUST NOT",
      heading: "Requests",
      says: "The server uses no id twice for requests of its own in a session.",
      shownBy: ["mcp/asking.test.ts › have an id of their own each"],
    },
  ]),
  ...page("2026-07-28", "basic/index", [
    {
      id: "base",
      level: "MUST",
      heading: "",
      says: "The base protocol, versions and discovery are supported.",
      shownBy: [
        "mcp/stateless.test.ts › server/discover tells versions, capabilities and who it is",
        "mcp/stateless.test.ts › a tool is called with nothing before it",
      ],
    },
    ...both,
    {
      id: "result-type",
      level: "MUST",
      heading: "Result Responses",
      says: "A result says of which type it is.",
      shownBy: [whoAnswers, "mcp/telling.test.ts › what is too large is a result of this revision, too"],
    },
    {
      id: "result-types",
      level: "MUST",
      heading: "ResultType",
      says: "Types of results are those of the protocol and of declared extensions.",
      shownBy: [whoAnswers, "mcp/tasks.test.ts › waits with the answer for a client that knows no tasks"],
    },
    {
      id: "legacy-codes",
      level: "MUST NOT",
      heading: "Error Codes",
      says: "No new codes are made between -32000 and -32019.",
      shownBy: [
        "mcp/requirements/error-codes.test.ts › codes are those of JSON-RPC and MCP, or lie outside of what these keep for themselves",
      ],
    },
    {
      id: "unused-legacy-codes",
      level: "SHOULD NOT",
      heading: "Error Codes",
      says: "Codes between -32000 and -32019 are not used.",
      shownBy: [
        "mcp/requirements/error-codes.test.ts › codes are those of JSON-RPC and MCP, or lie outside of what these keep for themselves",
      ],
    },
    {
      id: "reserved-codes",
      level: "MUST NOT",
      heading: "Error Codes",
      says: "Codes between -32020 and -32099 are those of the specification alone.",
      shownBy: [
        "mcp/requirements/error-codes.test.ts › codes are those of JSON-RPC and MCP, or lie outside of what these keep for themselves",
      ],
    },
    {
      id: "meaning-of-codes",
      level: "MUST",
      heading: "Error Codes",
      says: "Codes of the specification mean what it says.",
      shownBy: [
        "mcp/stateless.test.ts › %s: %s does not fit",
        notDeclared,
        "mcp/stateless.test.ts › a version that the server does not speak is told with those that it does",
      ],
    },
    {
      id: "retired-codes",
      level: "MUST NOT",
      heading: "Error Codes",
      says: "-32002 and -32042 are not sent.",
      shownBy: [
        "mcp/stateless.test.ts › an unknown tool, resource or prompt is an error of the protocol that HTTP does not tell",
        "mcp/requirements/error-codes.test.ts › codes are those of JSON-RPC and MCP, or lie outside of what these keep for themselves",
      ],
    },
    {
      id: "own-codes",
      level: "SHOULD",
      heading: "Error Codes",
      says: "Codes of our own lie outside of -32768 to -32000.",
      shownBy: [
        "mcp/requirements/error-codes.test.ts › codes are those of JSON-RPC and MCP, or lie outside of what these keep for themselves",
      ],
    },
    {
      id: "no-context",
      level: "MUST NOT",
      heading: "Statelessness",
      says: "Nothing is taken from earlier requests of the connection.",
      shownBy: [
        "mcp/stateless.test.ts › has no sessions: an id is ignored, and none is given",
        "mcp/lists.test.ts › %s is the same each time, whatever was asked before",
        notDeclared,
      ],
    },
    {
      id: "several-conversations",
      level: "SHOULD",
      heading: "Statelessness",
      says: "Requests of several conversations may come.",
      shownBy: ["mcp/hostile-inputs.test.ts › requests of %s over HTTP with the same id are answered each"],
    },
    {
      id: "any-connection",
      level: "SHOULD NOT",
      heading: "Statelessness",
      says: "A client need not use the same connection or process again.",
      shownBy: ["mcp/request-state.test.ts › comes back to any replica that has the secret"],
    },
    {
      id: "explicit-state",
      level: "MUST",
      heading: "Statelessness",
      says: "What spans several requests is named in each of them.",
      shownBy: [
        "mcp/interaction.test.ts › has to come back with its state, when it has one",
        "mcp/request-state.test.ts › is refused from another client, for another call, or with another secret",
      ],
    },
    {
      id: "external-refs",
      level: "MUST NOT",
      heading: "`$ref` Resolution",
      says: "References to other hosts in schemas are not followed by themselves.",
      notApplicable: "The server reads no schemas; its own have no references.",
    },
    {
      id: "allowed-refs",
      level: "SHOULD",
      heading: "`$ref` Resolution",
      says: "Where they are followed there is a list of hosts, and what is not resolved is refused.",
      notApplicable: "The server reads no schemas; its own have no references.",
    },
    {
      id: "costly-schemas",
      level: "SHOULD",
      heading: "Composition-Keyword Resource Use",
      says: "Validating costly schemas has bounds.",
      notApplicable: "The server reads no schemas.",
    },
    {
      id: "required-meta",
      level: "MUST",
      heading: "`_meta`",
      says: "A request without version or capabilities is refused with -32602, and over HTTP with 400.",
      shownBy: [missing, hostile("the capabilities null in a request")],
    },
    {
      id: "declared-capabilities",
      level: "MUST NOT",
      heading: "`_meta`",
      says: "Capabilities that a client has not declared are not relied on.",
      shownBy: [
        notDeclared,
        "mcp/interaction.test.ts › can be left out, when the client has not declared that it can be asked",
      ],
    },
    {
      id: "missing-capability",
      level: "MUST",
      heading: "`_meta`",
      says: "What needs an undeclared capability is refused with -32021 that names it, and over HTTP with 400.",
      shownBy: [notDeclared],
    },
    {
      id: "server-info",
      level: "SHOULD",
      heading: "`_meta`",
      says: "Every result says who answers.",
      shownBy: [
        whoAnswers,
        "mcp/telling.test.ts › stands in what is refused before it is looked at, as a result of this revision",
      ],
    },
    {
      id: "client-info",
      level: "SHOULD NOT",
      heading: "`_meta`",
      says: "What clients call themselves changes nothing and decides nothing.",
      shownBy: [
        "mcp/mirrored-headers.test.ts › names of headers may be written in any case",
        "mcp/mcp.test.ts › a wrong key is refused before anything is read",
      ],
    },
    {
      id: "subscription-id",
      level: "MUST",
      heading: "`_meta`",
      says: "Notifications of a subscription name it.",
      shownBy: [
        "mcp/stateless.test.ts › acknowledges what it honours, and then tells of changes with the subscription's id",
      ],
    },
    {
      id: "trace-context",
      level: "MUST",
      heading: "`_meta`",
      says: "Trace context has the form of the W3C.",
      notApplicable: "The server sends none.",
    },
  ]),
];
