import { page } from "./requirement.ts";

const acknowledged =
  "mcp/stateless.test.ts › acknowledges what it honours, and then tells of changes with the subscription's id";
const ended = "mcp/stateless.test.ts › is cancelled, and ends with an answer, when the server stops";

export const subscriptions = page("2026-07-28", "basic/patterns/subscriptions", [
  {
    id: "asked-for",
    level: "MUST NOT",
    heading: "Opening a Stream",
    says: "Kinds of notifications that were not asked for are not sent.",
    shownBy: [acknowledged, "mcp/stateless.test.ts › honours nothing that the client may not read"],
  },
  {
    id: "acknowledged",
    level: "MUST",
    heading: "Acknowledgment",
    says: "The first message acknowledges what was asked for, under the subscription's id.",
    shownBy: [acknowledged],
  },
  {
    id: "nothing-before",
    level: "MUST NOT",
    heading: "Acknowledgment",
    says: "No notification comes before it.",
    shownBy: [acknowledged],
  },
  {
    id: "graceful-end",
    level: "SHOULD",
    heading: "Cancellation",
    says: "A subscription that the server ends is answered with a result, and then its stream ends.",
    shownBy: [ended, "mcp/web-socket/conversation.test.ts › ends what was listened to, with its answer"],
  },
  {
    id: "completion",
    level: "SHOULD",
    heading: "Graceful Closure",
    says: "That result is an ordinary one that names the subscription.",
    shownBy: [ended],
  },
]);
