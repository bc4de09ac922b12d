import { hostile, page, type Stated } from "./requirement.ts";

const introduction =
  "mcp/mcp.test.ts › introduces itself, with what its methods are for and nothing that it does not have";
const discovered = "mcp/stateless.test.ts › server/discover tells versions, capabilities and who it is";
const unknown = "mcp/lists.test.ts › of what is not there is refused";
const hidden = "mcp/lists.test.ts › gives a hundred values at most, and none of templates that a key may not see";
const completes = "mcp/features.test.ts › complete their arguments";
const limit = "http/guard.test.ts › counts MCP and REST together";

const completion: readonly Stated[] = [
  {
    id: "capability",
    level: "MUST",
    heading: "Capabilities",
    says: "Completion is declared.",
    shownBy: [introduction, discovered],
  },
  {
    id: "errors",
    level: "SHOULD",
    heading: "Error Handling",
    says: "An unknown prompt and missing arguments are -32602.",
    shownBy: [completes, unknown, hostile("completion/complete with 1 for everything")],
  },
  {
    id: "relevance",
    level: "SHOULD",
    heading: "Implementation Considerations",
    says: "Values are sorted by relevance, and matched loosely where that helps.",
    shownBy: [
      "mcp/relevance.test.ts › are sorted by relevance: the beginning counts before a word, and a word before the middle",
      "mcp/relevance.test.ts › are exactly those that have it somewhere, whatever is typed",
      completes,
    ],
  },
  {
    id: "rate-limit",
    level: "SHOULD",
    heading: "Implementation Considerations",
    says: "Completion has a rate limit.",
    shownBy: [limit],
  },
  {
    id: "validated",
    level: "MUST",
    heading: "Security",
    says: "What is typed is validated.",
    shownBy: [unknown, hostile("completion/complete with null for everything")],
  },
  {
    id: "limited",
    level: "MUST",
    heading: "Security",
    says: "There is a fitting rate limit.",
    shownBy: [limit],
  },
  {
    id: "access",
    level: "MUST",
    heading: "Security",
    says: "Values that are sensitive are kept from others, and nothing is told by them.",
    shownBy: [hidden],
  },
];

const noLogs = "No tool of the product logs to clients; one that does has to keep to this.";

const logging: readonly Stated[] = [
  {
    id: "rate-limit",
    level: "SHOULD",
    heading: "Implementation Considerations",
    says: "Messages have a rate limit.",
    shownBy: ["mcp/telling.test.ts › a tool that tells without end is slowed down, and its answer still comes"],
  },
  {
    id: "context",
    level: "SHOULD",
    heading: "Implementation Considerations",
    says: "They say what they are about, and nothing sensitive.",
    notApplicable: noLogs,
  },
  {
    id: "secrets",
    level: "MUST NOT",
    heading: "Security",
    says: "They hold no secrets, nothing about people, and nothing that helps attackers.",
    notApplicable: noLogs,
  },
  {
    id: "control",
    level: "SHOULD",
    heading: "Security",
    says: "They are limited, validated and controlled.",
    notApplicable: noLogs,
  },
];

const badCursors = "mcp/lists.test.ts › of %s that nobody gave a cursor for are refused";

const pagination: readonly Stated[] = [
  {
    id: "stable",
    level: "SHOULD",
    heading: "Implementation Guidelines",
    says: "Cursors are stable, and wrong ones are coped with.",
    shownBy: ["mcp/lists.test.ts › are all of a list, in order, each by the cursor of the one before", badCursors],
  },
  {
    id: "invalid",
    level: "SHOULD",
    heading: "Error Handling",
    says: "A cursor that is none is -32602.",
    shownBy: [badCursors],
  },
];

const lifetime = "mcp/lists.test.ts › %s says for how long it stays right, in milliseconds from 0 on";
const publicOnly = "mcp/lists.test.ts › %s is public only when it is the same for every key";

export const utilities = [
  ...page("2025-11-25", "server/utilities/completion", completion),
  ...page("2026-07-28", "server/utilities/completion", completion),
  ...page("2025-11-25", "server/utilities/logging", [
    {
      id: "capability",
      level: "MUST",
      heading: "Capabilities",
      says: "Logging is declared.",
      shownBy: [introduction],
    },
    {
      id: "errors",
      level: "SHOULD",
      heading: "Error Handling",
      says: "A level that nobody knows is -32602.",
      shownBy: ["mcp/interaction.test.ts › has no level that MCP does not know"],
    },
    {
      id: "logger",
      level: "SHOULD",
      heading: "Implementation Considerations",
      says: "Names of loggers are the same always.",
      shownBy: ["mcp/telling.test.ts › has one logger's name"],
    },
    ...logging,
  ]),
  ...page("2026-07-28", "server/utilities/logging", [
    {
      id: "capability",
      level: "MUST",
      heading: "Capabilities",
      says: "Logging is declared.",
      shownBy: ["mcp/telling.test.ts › is declared by server/discover"],
    },
    {
      id: "asked-for",
      level: "MUST NOT",
      heading: "Per-request log level",
      says: "Nothing is logged to a request that names no level.",
      shownBy: ["mcp/telling.test.ts › is kept from requests that name none"],
    },
    {
      id: "own-stream",
      level: "MUST NOT",
      heading: "Per-request log level",
      says: "Messages come on the stream of their request alone.",
      shownBy: ["mcp/telling.test.ts › comes from the level on that the request names, before its answer"],
    },
    {
      id: "errors",
      level: "SHOULD",
      heading: "Error Handling",
      says: "A level that nobody knows is -32602.",
      shownBy: ["mcp/telling.test.ts › has no level %j: such a request is refused"],
    },
    {
      id: "logger",
      level: "SHOULD",
      heading: "Implementation Considerations",
      says: "Names of loggers are the same always.",
      shownBy: ["mcp/telling.test.ts › has one logger's name"],
    },
    {
      id: "deprecated",
      level: "SHOULD NOT",
      heading: "",
      says: "It is not adopted anew.",
      notApplicable: "No tool of the product logs to clients.",
    },
    ...logging,
  ]),
  ...page("2025-11-25", "server/utilities/pagination", pagination),
  ...page("2026-07-28", "server/utilities/pagination", pagination),
  ...page("2026-07-28", "server/utilities/caching", [
    {
      id: "hints",
      level: "MUST",
      heading: "Cacheable Results",
      says: "Lists, discovery and reading say for how long and for whom their results stay right.",
      shownBy: [lifetime],
    },
    {
      id: "rounds",
      level: "MUST NOT",
      heading: "Cache Key",
      says: "What hangs on answers of earlier rounds is not kept.",
      notApplicable: "No method whose results may be kept asks anything.",
    },
    {
      id: "ttl",
      level: "MUST",
      heading: "Time-to-Live (TTL) Field",
      says: "ttlMs is 0 or more.",
      shownBy: [lifetime],
    },
    {
      id: "pages",
      level: "MUST",
      heading: "Interaction with Pagination",
      says: "All pages of a list have the same scope.",
      notApplicable: "The scope belongs to the method (Method.caching), whatever its parameters are.",
    },
    {
      id: "private-pages",
      level: "MUST",
      heading: "Interaction with Pagination",
      says: "After a private page come private ones.",
      notApplicable: "The scope belongs to the method (Method.caching), whatever its parameters are.",
    },
    {
      id: "public",
      level: "MUST",
      heading: "Security Considerations",
      says: "What is public is the same for everybody.",
      shownBy: [publicOnly],
    },
    {
      id: "access-control",
      level: "MUST",
      heading: "Security Considerations",
      says: "Access is controlled for each thing by itself.",
      shownBy: [
        "mcp/features.test.ts › that are unknown, or not the caller's, are told apart by nobody",
        "mcp/mcp.test.ts › a forbidden tool is a result that the model can read, and a security event",
      ],
    },
    {
      id: "no-reliance",
      level: "MUST NOT",
      heading: "Security Considerations",
      says: "What a client has not seen listed is not thought safe from it.",
      shownBy: ["mcp/mcp.test.ts › a forbidden tool is a result that the model can read, and a security event"],
    },
  ]),
];
