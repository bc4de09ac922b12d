import { hostile, page, type Stated } from "./requirement.ts";

const inTime = "mcp/asking.test.ts › that are not answered in time are cancelled";
const cancelled =
  "mcp/cancellation.test.ts › a request that is cancelled gets no answer, and nothing more is told of it";
const elsewhere = "mcp/replicas.test.ts › cancels at one replica what another is at work on, and gets no answer to it";
const closed = "mcp/cancellation.test.ts › a connection that is closed cancels its request in MCP 2026-07-28";
const ignored = "mcp/cancellation.test.ts › a cancellation of %j, which is not under way, is ignored";
const progress = "mcp/telling.test.ts › comes under the client's token %j, always more, and before the answer";
const noToken = "mcp/telling.test.ts › is not sent for the token %j";
const flood = "mcp/telling.test.ts › a tool that tells without end is slowed down, and its answer still comes";
const ended = "mcp/telling.test.ts › ends with the answer, whatever a tool has left running";

const progressOfBoth: readonly Stated[] = [
  {
    id: "token",
    level: "MUST",
    heading: "Progress Flow",
    says: "Tokens are texts or integers.",
    shownBy: [progress, noToken],
  },
  {
    id: "grows",
    level: "MUST",
    heading: "Progress Flow",
    says: "Progress grows with each notification.",
    shownBy: [progress],
  },
  {
    id: "message",
    level: "SHOULD",
    heading: "Progress Flow",
    says: "Its message tells people something.",
    notApplicable: "What a tool says is the tool's; those of the product report no progress.",
  },
  {
    id: "active-tokens",
    level: "MUST",
    heading: "Behavior Requirements",
    says: "Progress is told only for tokens of requests under way.",
    shownBy: [progress, noToken, ended],
  },
  {
    id: "tracked-tokens",
    level: "SHOULD",
    heading: "Implementation Notes",
    says: "Which tokens are active is kept track of.",
    shownBy: [ended],
  },
  {
    id: "flooding",
    level: "SHOULD",
    heading: "Implementation Notes",
    says: "Notifications have a rate limit.",
    shownBy: [flood],
  },
  {
    id: "ends",
    level: "MUST",
    heading: "Implementation Notes",
    says: "Progress ends with the request.",
    shownBy: [ended],
  },
];

export const underWay = [
  ...page("2025-11-25", "basic/utilities/cancellation", [
    {
      id: "own-requests",
      level: "MUST",
      heading: "Behavior Requirements",
      says: "The server cancels only requests of its own that are under way.",
      shownBy: [inTime],
    },
    {
      id: "stops",
      level: "SHOULD",
      heading: "Behavior Requirements",
      says: "A cancelled request is worked on no longer, and gets no response.",
      shownBy: [cancelled, elsewhere],
    },
    {
      id: "late-response",
      level: "SHOULD",
      heading: "Behavior Requirements",
      says: "A response to a request that the server has cancelled is ignored.",
      shownBy: [inTime],
    },
    {
      id: "races",
      level: "MUST",
      heading: "Timing Considerations",
      says: "A cancellation may come too late.",
      shownBy: [ignored],
    },
    {
      id: "reason",
      level: "SHOULD",
      heading: "Implementation Notes",
      says: "The reason for a cancellation is logged.",
      shownBy: [
        "mcp/cancellation.test.ts › the reason for a cancellation is logged on one line, whichever way it came",
      ],
    },
    {
      id: "invalid",
      level: "SHOULD",
      heading: "Error Handling",
      says: "Cancellations of unknown requests, and malformed ones, are ignored.",
      shownBy: [ignored, hostile("a cancellation of nothing")],
    },
    {
      id: "tasks",
      level: "MUST",
      heading: "Behavior Requirements",
      says: "Tasks are cancelled by their own method.",
      notApplicable: "The server declares no tasks in this revision.",
    },
  ]),
  ...page("2026-07-28", "basic/patterns/cancellation", [
    {
      id: "teardown",
      level: "MUST",
      heading: "",
      says: "When the server ends a subscription it says so with a cancellation.",
      shownBy: ["mcp/stateless.test.ts › is cancelled, and ends with an answer, when the server stops"],
    },
    {
      id: "nothing-else",
      level: "MUST NOT",
      heading: "",
      says: "The server cancels nothing else.",
      notApplicable: "The server sends no cancellations in this revision.",
    },
    {
      id: "disconnection",
      level: "MUST",
      heading: "Transport-Specific Cancellation",
      says: "Over HTTP a closed connection cancels its request.",
      shownBy: [closed],
    },
    {
      id: "timeouts",
      level: "SHOULD",
      heading: "Timeouts",
      says: "Requests that are sent have an end of patience, and are cancelled then.",
      notApplicable: "The server sends no requests in this revision.",
    },
    {
      id: "subscriptions-only",
      level: "MUST",
      heading: "Behavior Requirements",
      says: "A cancellation of the server names a subscription.",
      notApplicable: "The server sends no cancellations in this revision.",
    },
    {
      id: "stops",
      level: "SHOULD",
      heading: "Behavior Requirements",
      says: "A cancelled request is worked on no longer, and gets no response.",
      shownBy: [
        "mcp/cancellation.test.ts › a connection that is closed cancels its request in MCP 2026-07-28",
        "mcp/stdio/remote.process.test.ts › a cancelled request is stopped there, in both eras, and not answered",
        "mcp/web-socket/conversation.test.ts › a cancelled request is stopped and has no answer; the others go on",
      ],
    },
    {
      id: "races",
      level: "MUST",
      heading: "Timing Considerations",
      says: "A cancellation may come too late.",
      shownBy: [hostile("a cancellation of 1")],
    },
    {
      id: "reason",
      level: "SHOULD",
      heading: "Implementation Notes",
      says: "The reason for a cancellation is logged.",
      shownBy: [
        "mcp/cancellation.test.ts › the reason for a cancellation is logged on one line, whichever way it came",
      ],
    },
    {
      id: "invalid",
      level: "SHOULD",
      heading: "Error Handling",
      says: "Cancellations of unknown requests, and malformed ones, are ignored.",
      shownBy: [hostile('a cancellation of "h0st1le-marker"'), hostile("a cancellation of nothing")],
    },
  ]),
  ...page("2025-11-25", "basic/utilities/ping", [
    {
      id: "answer",
      level: "MUST",
      heading: "Behavior Requirements",
      says: "A ping is answered at once, with nothing in it.",
      shownBy: ["mcp/mcp.test.ts › a client with Accept %j is served"],
    },
    ...(
      [
        ["periodic", "Connections are pinged from time to time."],
        ["configurable", "How often can be set."],
        ["timeouts", "How long an answer may take fits the network."],
        ["not-too-often", "Pings are few."],
        ["failures", "A ping without an answer is a connection that failed."],
        ["log", "Failed pings are logged."],
      ] as const
    ).map(
      ([id, says]): Stated => ({
        id,
        level: "SHOULD",
        heading: "Implementation Considerations",
        says,
        notApplicable:
          "No session hangs on a connection, so the server need not know whether one is well. Quiet streams carry comments, and one that nobody reads is ended.",
      }),
    ),
  ]),
  ...page("2025-11-25", "basic/utilities/progress", [
    ...progressOfBoth,
    {
      id: "unique-tokens",
      level: "MUST",
      heading: "Progress Flow",
      says: "Tokens of the server's own requests are unique.",
      notApplicable: "The server asks for no progress.",
    },
    {
      id: "tasks",
      level: "MUST",
      heading: "Behavior Requirements",
      says: "Tasks keep the token of their request until they end.",
      notApplicable: "The server declares no tasks in this revision.",
    },
  ]),
  ...page("2026-07-28", "basic/patterns/progress", progressOfBoth),
];
