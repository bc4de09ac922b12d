import { hostile, page, type Stated } from "./requirement.ts";

const introduction =
  "mcp/mcp.test.ts › introduces itself, with what its methods are for and nothing that it does not have";
const discovered = "mcp/stateless.test.ts › server/discover tells versions, capabilities and who it is";
const sameAlways = "mcp/lists.test.ts › %s is the same each time, whatever was asked before";
const fixed = "What is offered does not change while the server runs; listChanged is not declared.";
const noBinary = "The product has no images, sounds or other bytes.";

const listed = (rows: readonly (readonly [string, Stated["level"], string, string, string])[]) =>
  rows.map(([id, level, heading, says, notApplicable]): Stated => ({ id, level, heading, says, notApplicable }));

const toolNames = "tools/tools.test.ts › fit MCP's rule, and every tool stands under its own";
const schemas = "mcp/lists.test.ts › %s has schemas of JSON Schema 2020-12 without a dialect of their own";
const answersSchema = "mcp/lists.test.ts › %s answers what its schema says";

const tools: readonly Stated[] = [
  {
    id: "capability",
    level: "MUST",
    heading: "Capabilities",
    says: "Tools are declared.",
    shownBy: [introduction, discovered],
  },
  {
    id: "list-changed",
    level: "SHOULD",
    heading: "List Changed Notification",
    says: "A server that declares it tells when the list changes.",
    notApplicable: "listChanged is not declared. Keys decide what is listed, and clients ask again after a minute.",
  },
  {
    id: "input-schema",
    level: "MUST",
    heading: "Tool",
    says: "The schema of a tool's input is a JSON Schema.",
    shownBy: [schemas, "mcp/mcp.test.ts › describes each tool with title, schemas and annotations"],
  },
  {
    id: "name-length",
    level: "SHOULD",
    heading: "Tool Names",
    says: "Names have 1 to 128 characters.",
    shownBy: [toolNames],
  },
  {
    id: "name-case",
    level: "SHOULD",
    heading: "Tool Names",
    says: "Upper and lower case are different.",
    shownBy: ["mcp/lists.test.ts › names are of one case, once each"],
  },
  {
    id: "name-characters",
    level: "SHOULD",
    heading: "Tool Names",
    says: "Names are of letters, digits, _, - and dots.",
    shownBy: [toolNames],
  },
  {
    id: "no-other-characters",
    level: "SHOULD NOT",
    heading: "Tool Names",
    says: "Names have no blanks, commas or the like.",
    shownBy: [toolNames],
  },
  {
    id: "unique-names",
    level: "SHOULD",
    heading: "Tool Names",
    says: "Names are unique.",
    shownBy: ["mcp/lists.test.ts › names are of one case, once each", toolNames],
  },
  ...listed([
    [
      "embedded",
      "SHOULD",
      "Embedded Resources",
      "Who embeds resources declares them.",
      "No tool of the product embeds one.",
    ],
  ]),
  {
    id: "text-beside",
    level: "SHOULD",
    heading: "Structured Content",
    says: "A structured result stands as text beside it.",
    shownBy: ["mcp/mcp.test.ts › a tool's result is structured, and the same as text", answersSchema],
  },
  {
    id: "output-schema",
    level: "MUST",
    heading: "Output Schema",
    says: "Structured results keep to the schema of the output.",
    shownBy: [answersSchema],
  },
  {
    id: "validated-input",
    level: "MUST",
    heading: "Security Considerations",
    says: "Input of tools is validated.",
    shownBy: [
      "tools/tools.test.ts › %s with %j names the field",
      "mcp/mcp.test.ts › wrong input is a result that the model can read",
    ],
  },
  {
    id: "access-control",
    level: "MUST",
    heading: "Security Considerations",
    says: "Who may call a tool is controlled.",
    shownBy: [
      "mcp/mcp.test.ts › a forbidden tool is a result that the model can read, and a security event",
      "mcp/mcp.test.ts › lists what the key permits, always in the same order",
    ],
  },
  {
    id: "rate-limit",
    level: "MUST",
    heading: "Security Considerations",
    says: "Calls of tools have a rate limit.",
    shownBy: [
      "http/guard.test.ts › counts MCP and REST together",
      "mcp/telling.test.ts › stands in what is refused before it is looked at, as a result of this revision",
    ],
  },
  {
    id: "sanitized-output",
    level: "MUST",
    heading: "Security Considerations",
    says: "Output of tools is sanitized.",
    shownBy: [
      answersSchema,
      "mcp/lists.test.ts › is what their schemas have, and nothing else of what a bridge tells",
      "mcp/lists.test.ts › of an error that nobody knows is nothing of its words",
      "bridge/status/status.test.ts › are at most twenty, the newest, in texts that no terminal minds",
      "bridge/sending/delivery.process.test.ts › the token is in no log line, status or error",
    ],
  },
];

const brokenInside = "mcp/lists.test.ts › what fails inside is -32603 and tells nothing of it";
const promptErrors = "mcp/features.test.ts › without a required argument are refused with its name";

const prompts: readonly Stated[] = [
  {
    id: "capability",
    level: "MUST",
    heading: "Capabilities",
    says: "Prompts are declared.",
    shownBy: [introduction, discovered],
  },
  ...listed([
    [
      "list-changed",
      "SHOULD",
      "List Changed Notification",
      "A server that declares it tells when the list changes.",
      fixed,
    ],
    ["images", "MUST", "Image Content", "Images are in Base64 with their type.", noBinary],
    ["sounds", "MUST", "Audio Content", "Sounds are in Base64 with their type.", noBinary],
    [
      "embedded",
      "MUST",
      "Embedded Resources",
      "Embedded resources have a URI, a type and their content.",
      "No prompt of the product embeds one.",
    ],
  ]),
  {
    id: "errors",
    level: "SHOULD",
    heading: "Error Handling",
    says: "An unknown prompt and a missing argument are -32602, what is broken inside -32603.",
    shownBy: [promptErrors, hostile('prompts/get of "constructor"'), brokenInside],
  },
  {
    id: "validated-arguments",
    level: "SHOULD",
    heading: "Implementation Considerations",
    says: "Arguments are validated first.",
    shownBy: [promptErrors, hostile("prompts/get with 1 for everything")],
  },
  {
    id: "negotiation",
    level: "SHOULD",
    heading: "Implementation Considerations",
    says: "What was declared is kept to.",
    shownBy: [
      "mcp/asking.test.ts › is not asked in a session: %s",
      "mcp/asking.test.ts › is not asked in MCP 2026-07-28: %s",
    ],
  },
  {
    id: "validated",
    level: "MUST",
    heading: "Security",
    says: "What goes into prompts, and comes out, is validated.",
    shownBy: [
      hostile("prompts/get with [] for everything"),
      hostile('prompts/get of "__proto__"'),
      "mcp/features.test.ts › say what was filled in, and have defaults for the rest",
    ],
  },
];

const noneAt = "mcp/lists.test.ts › there is none at %s";
const hidden = "mcp/features.test.ts › that are unknown, or not the caller's, are told apart by nobody";
const byPermission =
  "mcp/features.test.ts › are listed in order, and those that need a permission to its holders alone";

const resources: readonly Stated[] = [
  {
    id: "capability",
    level: "MUST",
    heading: "Capabilities",
    says: "Resources are declared.",
    shownBy: [introduction, discovered],
  },
  ...listed([
    [
      "list-changed",
      "SHOULD",
      "List Changed Notification",
      "A server that declares it tells when the list changes.",
      fixed,
    ],
    [
      "https",
      "SHOULD",
      "https://",
      "https is the scheme only of what clients can fetch by themselves.",
      "Resources of the product have a scheme of their own.",
    ],
    [
      "other-scheme",
      "SHOULD",
      "https://",
      "Everything else has another scheme.",
      "Resources of the product have a scheme of their own.",
    ],
    ["binary", "MUST", "Security Considerations", "Bytes are encoded.", noBinary],
  ]),
  {
    id: "custom-scheme",
    level: "MUST",
    heading: "Custom URI Schemes",
    says: "Schemes of our own keep to RFC 3986.",
    shownBy: ["mcp/lists.test.ts › have URIs with a scheme of their own"],
  },
  {
    id: "validated-uris",
    level: "MUST",
    heading: "Security Considerations",
    says: "URIs are validated.",
    shownBy: [noneAt, hostile("resources/read with 1 for everything"), hostile('resources/read of "__proto__"')],
  },
  {
    id: "access-control",
    level: "SHOULD",
    heading: "Security Considerations",
    says: "Access to what is sensitive is controlled.",
    shownBy: [byPermission, hidden],
  },
  {
    id: "permissions",
    level: "SHOULD",
    heading: "Security Considerations",
    says: "Permissions are looked at first.",
    shownBy: [
      hidden,
      "mcp/subscriptions.test.ts › a session subscribes to what its client may read, and to nothing else",
    ],
  },
];

const resourceNotFound =
  "mcp/stateless.test.ts › an unknown tool, resource or prompt is an error of the protocol that HTTP does not tell";

/** Lists of the later revision: asked for without a session, and the same on every connection. */
const listOf = (what: string): readonly Stated[] => [
  {
    id: "answers",
    level: "MUST",
    heading: "Capabilities",
    says: `Who declares ${what} answers to their list, though it may be empty.`,
    shownBy: [sameAlways],
  },
  {
    id: "same-list",
    level: "MUST NOT",
    heading: "Capabilities",
    says: "The list hangs on no connection and on nothing that was asked before.",
    shownBy: [sameAlways],
  },
];

const noMirrors = "No tool of the product has parameters that headers repeat.";

export const offers = [
  ...page("2025-11-25", "server/tools", tools),
  ...page("2026-07-28", "server/tools", [
    ...tools,
    ...listOf("tools"),
    {
      id: "order",
      level: "SHOULD",
      heading: "Capabilities",
      says: "The order of tools is always the same.",
      shownBy: [sameAlways, "mcp/mcp.test.ts › lists what the key permits, always in the same order"],
    },
    ...listed([
      ["header-not-empty", "MUST NOT", "x-mcp-header", "The name for a header is not empty.", noMirrors],
      ["header-token", "MUST", "x-mcp-header", "It is a token of HTTP.", noMirrors],
      ["header-controls", "MUST NOT", "x-mcp-header", "It has no control characters.", noMirrors],
      ["header-unique", "MUST", "x-mcp-header", "It is unique in its schema, in any case.", noMirrors],
      [
        "header-primitive",
        "MUST",
        "x-mcp-header",
        "The parameter is a text, an integer or a truth value, in the safe range.",
        noMirrors,
      ],
      ["header-reachable", "MUST", "x-mcp-header", "Only properties lead to it.", noMirrors],
      ["header-secrets", "SHOULD NOT", "x-mcp-header", "Secrets are not repeated in headers.", noMirrors],
    ]),
  ]),
  ...page("2025-11-25", "server/prompts", prompts),
  ...page("2026-07-28", "server/prompts", [...prompts, ...listOf("prompts")]),
  ...page("2025-11-25", "server/resources", [
    ...resources,
    {
      id: "errors",
      level: "SHOULD",
      heading: "Error Handling",
      says: "An unknown resource is -32002, what is broken inside -32603.",
      shownBy: [hidden, noneAt, brokenInside],
    },
  ]),
  ...page("2026-07-28", "server/resources", [
    ...resources,
    ...listOf("resources"),
    {
      id: "not-found",
      level: "MUST",
      heading: "Error Handling",
      says: "An unknown resource is -32602.",
      shownBy: [resourceNotFound, noneAt],
    },
    {
      id: "internal-errors",
      level: "SHOULD",
      heading: "Error Handling",
      says: "What is broken inside is -32603.",
      shownBy: [brokenInside],
    },
    {
      id: "no-empty-contents",
      level: "MUST NOT",
      heading: "Error Handling",
      says: "An unknown resource is not one without content.",
      shownBy: [noneAt],
    },
    {
      id: "paths",
      level: "MUST",
      heading: "Security Considerations",
      says: "Paths of files are sanitized.",
      shownBy: [noneAt],
    },
  ]),
];
