import { hostile, page } from "./requirement.ts";

const foreignPage = "mcp/mcp.test.ts › a page of another origin is refused, an allowed one is not";
const accepted = "mcp/mcp.test.ts › a notification is accepted with 202 and no body";
const ownName = "mcp/version-header.test.ts › every revision with sessions is served by its own name, and without one";
const told = "mcp/telling.test.ts › comes under the client's token %j, always more, and before the answer";
const listening = "mcp/sessions.test.ts › opens at once, for its client alone";
const drained = "mcp/sessions.test.ts › ends when the server stops, so that the client turns to another one";
const oneStream =
  "mcp/streams.test.ts › a session with two streams hears everything on one of them, and answers on neither";
const withoutId =
  "mcp/sessions.test.ts › a request without its id is 400, with a foreign or unknown one 404, and both say what to do";

export const streamableHttp2025 = page("2025-11-25", "basic/transports", [
  {
    id: "utf-8",
    level: "MUST",
    heading: "",
    says: "Messages are in UTF-8.",
    shownBy: [hostile('the id "Grüße 🎉", which is right')],
  },
  {
    id: "stdio-lines",
    level: "MUST NOT",
    heading: "stdio",
    says: "A message on stdio is one line.",
    shownBy: [
      "mcp/stdio/alone.process.test.ts › no port is open, and what is said is messages alone; the log is on stderr without secrets",
      "mcp/stdio/remote.process.test.ts › many at once get their own answers, on lines that are messages alone",
    ],
  },
  {
    id: "stdio-output",
    level: "MUST NOT",
    heading: "stdio",
    says: "Nothing but messages is written to stdout.",
    shownBy: [
      "mcp/stdio/alone.process.test.ts › no port is open, and what is said is messages alone; the log is on stderr without secrets",
      "mcp/stdio/remote.process.test.ts › many at once get their own answers, on lines that are messages alone",
    ],
  },
  {
    id: "endpoint",
    level: "MUST",
    heading: "Streamable HTTP",
    says: "One path takes POST and GET.",
    shownBy: ["mcp/mcp.test.ts › other methods of /mcp are 405", listening],
  },
  {
    id: "origin",
    level: "MUST",
    heading: "Security Warning",
    says: "Origin is looked at on every connection.",
    shownBy: [
      foreignPage,
      "http/web-pages.test.ts › refuses $method $route under the name of a web page",
      "http/web-pages.test.ts › refuses foreign pages on every route, and lets probes and clients come under any name",
    ],
  },
  {
    id: "foreign-origin",
    level: "MUST",
    heading: "Security Warning",
    says: "A foreign one is answered with 403.",
    shownBy: [foreignPage],
  },
  {
    id: "localhost",
    level: "SHOULD",
    heading: "Security Warning",
    says: "A local server listens on localhost only.",
    shownBy: ["standalone.process.test.ts › answers this machine only, under its own names"],
  },
  {
    id: "authentication",
    level: "SHOULD",
    heading: "Security Warning",
    says: "Every connection is authenticated.",
    shownBy: [
      "mcp/mcp.test.ts › a wrong key is refused before anything is read",
      "http/strangers.test.ts › is answered before a chunked body, and before one that is announced too large",
    ],
  },
  {
    id: "accepted",
    level: "MUST",
    heading: "Sending Messages to the Server",
    says: "A notification or response that is taken is answered with 202 and no body.",
    shownBy: [accepted, ownName, hostile("a response that nobody asked for")],
  },
  {
    id: "not-accepted",
    level: "MUST",
    heading: "Sending Messages to the Server",
    says: "One that is not is answered with an error's status.",
    shownBy: [withoutId],
  },
  {
    id: "json-or-stream",
    level: "MUST",
    heading: "Sending Messages to the Server",
    says: "A request is answered with JSON or with a stream of events.",
    shownBy: [
      "mcp/mcp.test.ts › a client with Accept %j is served",
      "mcp/mcp.test.ts › a client with Accept %j gets the answer as an event",
    ],
  },
  {
    id: "priming",
    level: "SHOULD",
    heading: "Sending Messages to the Server",
    says: "A stream begins with an event that has an id and no data.",
    shownBy: ["mcp/resumption.test.ts › begins with the id to come back by, and every message has its own"],
  },
  {
    id: "retry",
    level: "SHOULD",
    heading: "Sending Messages to the Server",
    says: "A connection that ends before its stream tells when to come back.",
    shownBy: [drained],
  },
  {
    id: "stream-has-response",
    level: "SHOULD",
    heading: "Sending Messages to the Server",
    says: "The stream of a request has its response at last.",
    shownBy: [told],
  },
  {
    id: "stream-belongs-to-request",
    level: "SHOULD",
    heading: "Sending Messages to the Server",
    says: "What comes before the response belongs to the request.",
    shownBy: [told, "mcp/replicas.test.ts › is asked by one replica and answers to another"],
  },
  {
    id: "stream-ends",
    level: "SHOULD",
    heading: "Sending Messages to the Server",
    says: "After the response the stream ends.",
    shownBy: [told],
  },
  {
    id: "disconnection",
    level: "SHOULD NOT",
    heading: "Sending Messages to the Server",
    says: "A lost connection does not cancel its request.",
    shownBy: ["mcp/cancellation.test.ts › a connection that is lost cancels nothing in a session"],
  },
  {
    id: "get",
    level: "MUST",
    heading: "Listening for Messages from the Server",
    says: "GET is answered with a stream, or with 405.",
    shownBy: [listening],
  },
  {
    id: "get-unrelated",
    level: "SHOULD",
    heading: "Listening for Messages from the Server",
    says: "What comes on that stream belongs to no request under way.",
    shownBy: [oneStream],
  },
  {
    id: "get-no-response",
    level: "MUST NOT",
    heading: "Listening for Messages from the Server",
    says: "No response comes on that stream.",
    shownBy: [oneStream],
  },
  {
    id: "get-polling",
    level: "SHOULD",
    heading: "Listening for Messages from the Server",
    says: "When the server ends that stream it tells when to come back.",
    shownBy: [drained],
  },
  {
    id: "one-stream",
    level: "MUST",
    heading: "Multiple Connections",
    says: "A message goes to one of a client's streams.",
    shownBy: [oneStream],
  },
  {
    id: "no-broadcast",
    level: "MUST NOT",
    heading: "Multiple Connections",
    says: "No message goes to several streams.",
    shownBy: [oneStream],
  },
  {
    id: "unique-event-ids",
    level: "MUST",
    heading: "Resumability and Redelivery",
    says: "Ids of events are unique in the session.",
    shownBy: [
      "mcp/resumption.test.ts › begins with the id to come back by, and every message has its own",
      "mcp/resumption.test.ts › is its session's alone",
    ],
  },
  {
    id: "telling-event-ids",
    level: "SHOULD",
    heading: "Resumability and Redelivery",
    says: "The id of an event tells its stream.",
    shownBy: [
      "mcp/resumption.test.ts › goes on after a pause, with what came in the meantime and what comes then",
      "mcp/resumption.test.ts › is its session's alone",
    ],
  },
  {
    id: "replay",
    level: "MUST NOT",
    heading: "Resumability and Redelivery",
    says: "What belonged to another stream is not sent again.",
    shownBy: [
      "mcp/resumption.test.ts › is its session's alone",
      "mcp/resumption.test.ts › is still there after the connection was lost, and the work goes on; what was seen is not sent again",
    ],
  },
  {
    id: "session-id",
    level: "SHOULD",
    heading: "Session Management",
    says: "Ids of sessions are unique, and nobody can guess one.",
    shownBy: [
      "mcp/sessions.test.ts › is unique",
      "mcp/sessions.test.ts › is worth nothing to another client, for another purpose, or changed",
    ],
  },
  {
    id: "session-id-characters",
    level: "MUST",
    heading: "Session Management",
    says: "Ids of sessions are of visible ASCII characters.",
    shownBy: ["mcp/sessions.test.ts › holds what was agreed on, for every process that knows the client's key"],
  },
  {
    id: "no-session",
    level: "SHOULD",
    heading: "Session Management",
    says: "A request without the id of its session is answered with 400.",
    shownBy: [withoutId, listening],
  },
  {
    id: "ended-session",
    level: "MUST",
    heading: "Session Management",
    says: "After the end of a session its id is answered with 404.",
    shownBy: [
      "mcp/sessions.test.ts › end with DELETE",
      "mcp/sessions.test.ts › has an end, by time or by the client's word",
      "mcp/replicas.test.ts › ends its session everywhere",
    ],
  },
  {
    id: "assumed-version",
    level: "SHOULD",
    heading: "Protocol Version Header",
    says: "Without the header and any other sign 2025-03-26 is assumed.",
    notApplicable: "The id of the session tells which version was agreed on.",
  },
  {
    id: "unknown-version",
    level: "MUST",
    heading: "Protocol Version Header",
    says: "A version in the header that is not supported is answered with 400.",
    shownBy: [
      "mcp/version-header.test.ts › MCP-Protocol-Version %j is refused for everything that a session sends",
      "mcp/mcp.test.ts › a protocol version that nobody knows is refused",
    ],
  },
  {
    id: "custom-transport",
    level: "MUST",
    heading: "Custom Transports",
    says: "Transports of our own keep format and lifecycle.",
    shownBy: [
      "mcp/web-socket/web-socket.test.ts › a client of the SDK lists and calls tools",
      "mcp/web-socket/web-socket.test.ts › the session is one with the connection: without initialize there is none, but ping is answered",
      "mcp/web-socket/conversation.test.ts › the server asks the client, and tells how far it is, on the same connection",
    ],
  },
  {
    id: "custom-transport-documents",
    level: "SHOULD",
    heading: "Custom Transports",
    says: "They are documented.",
    shownBy: [
      "mcp/web-socket/close-codes.test.ts › every close code stands in docs/websocket.md with its reason and meaning, and no other",
    ],
  },
]);
