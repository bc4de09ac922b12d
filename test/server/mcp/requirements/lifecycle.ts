import { hostile, page, type Stated } from "./requirement.ts";

const begin = "mcp/sessions.test.ts › begin with the version that the client wants, or the newest that it may know";
const inTime = "mcp/asking.test.ts › that are not answered in time are cancelled";
const discovered = "mcp/stateless.test.ts › server/discover tells versions, capabilities and who it is";

/** The first page asks this of everybody who implements the protocol; what of it is a server's stands in parts. */
const guidelines: readonly Stated[] = [
  {
    id: "guidelines-consent",
    level: "SHOULD",
    heading: "Implementation Guidelines",
    says: "Flows for consent and authorization are built in.",
    notApplicable:
      "Hosts ask people before a call. The server tells them by annotations what a tool does, and authorizes by keys and permissions.",
  },
  {
    id: "guidelines-documents",
    level: "SHOULD",
    heading: "Implementation Guidelines",
    says: "It is documented what it means for security.",
    shownBy: [
      "mcp/requirements/security-page.test.ts › says how %s is protected",
      "mcp/requirements/security-page.test.ts › says %s",
    ],
  },
  {
    id: "guidelines-access",
    level: "SHOULD",
    heading: "Implementation Guidelines",
    says: "There are access controls and protection of data.",
    shownBy: [
      "http/app.test.ts › a tool outside of the key's permissions is refused with 403, and listed for nobody",
      "bridge/status/event-status.test.ts › to another client, and one that nobody sent to nobody",
      "mcp/sessions.test.ts › is worth nothing to another client, for another purpose, or changed",
    ],
  },
  {
    id: "guidelines-privacy",
    level: "SHOULD",
    heading: "Implementation Guidelines",
    says: "What it does is considered for privacy.",
    shownBy: [
      "http/app.test.ts › no log line holds a key",
      "bridge/sending/delivery.process.test.ts › the token is in no log line, status or error",
    ],
  },
];

export const lifecycle = [
  ...page("2025-11-25", "index", guidelines),
  ...page("2026-07-28", "index", guidelines),
  ...page("2025-11-25", "basic/lifecycle", [
    {
      id: "first",
      level: "MUST",
      heading: "Initialization",
      says: "initialize comes before everything else.",
      shownBy: [
        "mcp/sessions.test.ts › a request without its id is 400, with a foreign or unknown one 404, and both say what to do",
      ],
    },
    {
      id: "answer",
      level: "MUST",
      heading: "Initialization",
      says: "The answer tells the server's capabilities and who it is.",
      shownBy: ["mcp/mcp.test.ts › introduces itself, with what its methods are for and nothing that it does not have"],
    },
    {
      id: "requests-before-initialized",
      level: "SHOULD NOT",
      heading: "Initialization",
      says: "Before initialized the server asks nothing but pings and logs.",
      notApplicable: "The server asks only on the stream of a request that the client itself has sent.",
    },
    {
      id: "same-version",
      level: "MUST",
      heading: "Version Negotiation",
      says: "A version that the server knows is the one of the answer.",
      shownBy: [begin],
    },
    {
      id: "other-version",
      level: "MUST",
      heading: "Version Negotiation",
      says: "For another the answer names one that the server knows.",
      shownBy: [begin, hostile('initialize with the version "9999-99-99"')],
    },
    {
      id: "latest-version",
      level: "SHOULD",
      heading: "Version Negotiation",
      says: "That one is its latest.",
      shownBy: [begin],
    },
    {
      id: "negotiated-version",
      level: "MUST",
      heading: "Operation",
      says: "The version that was agreed on is kept to.",
      shownBy: [
        "mcp/mcp.test.ts › a batch of revision 2025-03-26 is answered message by message; notifications are not",
        "mcp/mcp.test.ts › a batch of another revision, or of no session, is refused with its reason",
      ],
    },
    {
      id: "negotiated-capabilities",
      level: "MUST",
      heading: "Operation",
      says: "Only capabilities that were agreed on are used.",
      shownBy: ["mcp/asking.test.ts › is not asked in a session: %s"],
    },
    {
      id: "stdio-shutdown",
      level: "SHOULD",
      heading: "stdio",
      says: "The server ends when its input is closed.",
      shownBy: ["mcp/stdio/alone.process.test.ts › at the end of its input it answers what is under way, and ends"],
    },
    {
      id: "timeouts",
      level: "SHOULD",
      heading: "Timeouts",
      says: "Requests of the server have an end of their patience.",
      shownBy: [inTime],
    },
    {
      id: "cancel-after-timeout",
      level: "SHOULD",
      heading: "Timeouts",
      says: "A request that is not answered in time is cancelled.",
      shownBy: [inTime],
    },
    {
      id: "configurable-timeouts",
      level: "SHOULD",
      heading: "Timeouts",
      says: "Those who build on it can set the time for each request.",
      notApplicable: "Meant for SDKs and middleware; nobody builds on this server.",
    },
    {
      id: "maximum-timeout",
      level: "SHOULD",
      heading: "Timeouts",
      says: "There is a longest time, whatever progress is told.",
      shownBy: [inTime],
    },
    {
      id: "errors",
      level: "SHOULD",
      heading: "Error Handling",
      says: "Other versions, missing capabilities and silence are expected.",
      shownBy: [begin, "mcp/asking.test.ts › is not asked in a session: %s", inTime],
    },
  ]),
  ...page("2026-07-28", "basic/versioning", [
    {
      id: "unsupported-version",
      level: "MUST",
      heading: "Protocol Version Negotiation",
      says: "A version that the server does not speak is refused with those that it does.",
      shownBy: [
        "mcp/stateless.test.ts › a version that the server does not speak is told with those that it does",
        hostile('the version "2025-11-25" in a request'),
      ],
    },
    {
      id: "discover",
      level: "MUST",
      heading: "Protocol Version Negotiation",
      says: "server/discover is there.",
      shownBy: [discovered],
    },
    {
      id: "extension-names",
      level: "MUST",
      heading: "Extension Negotiation",
      says: "Extensions are named like keys of _meta, with a prefix.",
      notApplicable: "The only extension that the server declares is that of tasks, by its own name.",
    },
    {
      id: "one-sided-extension",
      level: "MUST",
      heading: "Extension Negotiation",
      says: "With a client that lacks an extension the server keeps to the core, or refuses.",
      shownBy: [
        "mcp/tasks.test.ts › waits with the answer for a client that knows no tasks",
        "mcp/tasks.test.ts › is refused to such a client, if it cannot be anything else",
      ],
    },
    {
      id: "extension-fallback",
      level: "SHOULD",
      heading: "Extension Negotiation",
      says: "Extensions document what happens without them.",
      notApplicable: "The server defines no extension.",
    },
    {
      id: "legacy-hint",
      level: "SHOULD",
      heading: "Backward Compatibility with Initialization-Based Versions",
      says: "A server without initialize tells old clients what it supports.",
      notApplicable: "The server has initialize for them.",
    },
  ]),
  ...page("2026-07-28", "server/discover", [
    {
      id: "discover",
      level: "MUST",
      heading: "",
      says: "server/discover is there.",
      shownBy: [discovered],
    },
    {
      id: "server-info",
      level: "SHOULD",
      heading: "DiscoverResult",
      says: "It tells name and version of the server.",
      shownBy: [discovered],
    },
  ]),
  ...page("2026-07-28", "basic/patterns/index", [
    {
      id: "no-requests",
      level: "MUST NOT",
      heading: "",
      says: "The server sends no requests.",
      shownBy: [
        "mcp/interaction.test.ts › is asked once: what was answered in earlier rounds is still known in later ones",
        "mcp/asking.test.ts › is not asked in MCP 2026-07-28: %s",
      ],
    },
  ]),
  ...page("2026-07-28", "deprecated", [
    {
      id: "adopting",
      level: "SHOULD NOT",
      heading: "",
      says: "What is deprecated is not adopted anew.",
      notApplicable:
        "Tools of the product use neither roots nor sampling nor logging. The core knows them as long as the revision has them.",
    },
    {
      id: "migrating",
      level: "SHOULD",
      heading: "",
      says: "Who uses it moves away before it is removed.",
      notApplicable: "No tool of the product uses any of it.",
    },
  ]),
];
