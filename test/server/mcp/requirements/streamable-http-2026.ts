import { hostile, page, type Stated } from "./requirement.ts";

const foreignPage = "mcp/mcp.test.ts › a page of another origin is refused, an allowed one is not";
const told = "mcp/telling.test.ts › comes under the client's token %j, always more, and before the answer";
const closed = "mcp/cancellation.test.ts › a connection that is closed cancels its request in MCP 2026-07-28";
const mismatch = "mcp/stateless.test.ts › %s: %s does not fit";
const required = "mcp/stateless.test.ts › %s is required";
const fits = "mcp/mirrored-headers.test.ts › %s fits";
const misfits = "mcp/mirrored-headers.test.ts › %s does not fit";
const noParameters = "No tool of the product has parameters that headers repeat.";

const parameterRules: readonly Stated[] = [
  ["not-empty", "MUST NOT", "The name for a header is not empty."],
  ["token", "MUST", "It is a token of HTTP."],
  ["no-controls", "MUST NOT", "It has no control characters."],
  ["unique-names", "MUST", "It is unique in its schema, in any case."],
  ["primitive", "MUST", "The parameter is a text, an integer or a truth value."],
  ["safe-integers", "MUST", "Integers are in the safe range."],
  ["reachable", "MUST", "Only properties lead to it."],
  ["not-through-items", "MUST NOT", "The way to it leads through no lists or choices."],
].map(([id = "", level = "", says = ""]) => ({
  id,
  level: level as Stated["level"],
  heading: "Schema Extension",
  says,
  notApplicable: noParameters,
}));

export const streamableHttp2026 = page("2026-07-28", "basic/transports/streamable-http", [
  {
    id: "endpoint",
    level: "MUST",
    heading: "",
    says: "One path takes POST.",
    shownBy: [
      "mcp/stateless.test.ts › a tool is called with nothing before it",
      "mcp/mcp.test.ts › other methods of /mcp are 405",
    ],
  },
  {
    id: "origin",
    level: "MUST",
    heading: "Security & Endpoint",
    says: "Origin is looked at on every connection.",
    shownBy: [foreignPage, "http/web-pages.test.ts › refuses $method $route under the name of a web page"],
  },
  {
    id: "foreign-origin",
    level: "MUST",
    heading: "Security & Endpoint",
    says: "A foreign one is answered with 403.",
    shownBy: [foreignPage],
  },
  {
    id: "localhost",
    level: "SHOULD",
    heading: "Security & Endpoint",
    says: "A local server listens on localhost only.",
    shownBy: ["standalone.process.test.ts › answers this machine only, under its own names"],
  },
  {
    id: "authentication",
    level: "SHOULD",
    heading: "Security & Endpoint",
    says: "Every connection is authenticated.",
    shownBy: [
      "mcp/mcp.test.ts › a wrong key is refused before anything is read",
      "http/strangers.test.ts › is answered before a chunked body, and before one that is announced too large",
    ],
  },
  {
    id: "accepted",
    level: "MUST",
    heading: "Sending Messages",
    says: "A notification that is taken is answered with 202 and no body.",
    shownBy: ["mcp/version-header.test.ts › a notification of MCP 2026-07-28 is accepted without an answer"],
  },
  {
    id: "not-accepted",
    level: "MUST",
    heading: "Sending Messages",
    says: "One that is not is answered with an error's status.",
    shownBy: [hostile("a result that is none"), hostile("a result and an error")],
  },
  {
    id: "json-or-stream",
    level: "MUST",
    heading: "Sending Messages",
    says: "A request is answered with JSON or with a stream of events.",
    shownBy: [told, "mcp/stateless.test.ts › a tool is called with nothing before it"],
  },
  {
    id: "stream-belongs-to-request",
    level: "MUST",
    heading: "Receiving Messages",
    says: "What comes before the response belongs to the request.",
    shownBy: [told],
  },
  {
    id: "no-requests",
    level: "MUST NOT",
    heading: "Receiving Messages",
    says: "No requests come on the stream.",
    shownBy: [
      "mcp/interaction.test.ts › is asked once: what was answered in earlier rounds is still known in later ones",
      "mcp/asking.test.ts › is not asked in MCP 2026-07-28: %s",
    ],
  },
  {
    id: "stream-ends",
    level: "SHOULD",
    heading: "Receiving Messages",
    says: "The response ends the stream.",
    shownBy: [told],
  },
  {
    id: "no-buffering",
    level: "SHOULD",
    heading: "Receiving Messages",
    says: "Streams say that proxies should not hold them back.",
    shownBy: [told],
  },
  {
    id: "closing-cancels",
    level: "MUST",
    heading: "Cancellation",
    says: "A closed stream cancels its request.",
    shownBy: [closed],
  },
  {
    id: "work-stops",
    level: "SHOULD",
    heading: "Cancellation",
    says: "The work on it stops soon.",
    shownBy: [closed],
  },
  {
    id: "silence",
    level: "MUST NOT",
    heading: "Cancellation",
    says: "Nothing more is sent for it.",
    shownBy: [closed],
  },
  {
    id: "version-mismatch",
    level: "MUST",
    heading: "Protocol Version Header",
    says: "A version in the header that is not the body's is refused.",
    shownBy: [mismatch],
  },
  {
    id: "unsupported-version",
    level: "MUST",
    heading: "Protocol Version Header",
    says: "A version that is not supported is answered with 400 and those that are.",
    shownBy: ["mcp/stateless.test.ts › a version that the server does not speak is told with those that it does"],
  },
  {
    id: "unknown-method",
    level: "MUST",
    heading: "Protocol Version Header",
    says: "A method that is not there is answered with 404 and -32601.",
    shownBy: ["mcp/stateless.test.ts › %s is not there: 404 and -32601", hostile('the unknown method "constructor"')],
  },
  {
    id: "no-version",
    level: "MUST",
    heading: "Protocol Version Header",
    says: "Without the header a request is refused, unless it is an old client's.",
    shownBy: [required],
  },
  {
    id: "standard-headers",
    level: "MUST",
    heading: "Standard Request Headers",
    says: "Version, method and subject of a request stand in headers.",
    shownBy: [required, "mcp/mirrored-headers.test.ts › the subject of %s stands in Mcp-Name"],
  },
  ...parameterRules,
  {
    id: "decoding",
    level: "MUST",
    heading: "Value Encoding",
    says: "Base64 in Mcp-Name and Mcp-Param is decoded before it is compared.",
    shownBy: [
      fits,
      misfits,
      "mcp/stateless.test.ts › may be encoded",
      "mcp/mirrored-headers.test.ts › the subject of %s stands in Mcp-Name",
    ],
  },
  {
    id: "invalid-characters",
    level: "MUST",
    heading: "Server Behavior for Custom Headers",
    says: "A header of a parameter with characters that it cannot have is refused.",
    shownBy: [misfits],
  },
  {
    id: "parameters-fit",
    level: "MUST",
    heading: "Server Behavior for Custom Headers",
    says: "A header of a parameter is compared with the body, and refused with 400 and -32020 when it does not fit.",
    shownBy: [fits, misfits],
  },
  {
    id: "null-parameters",
    level: "MUST NOT",
    heading: "Server Behavior for Custom Headers",
    says: "For null, or nothing, no header is expected.",
    shownBy: [fits],
  },
  {
    id: "missing-parameters",
    level: "MUST",
    heading: "Server Behavior for Custom Headers",
    says: "A value in the body without its header is refused.",
    shownBy: [misfits],
  },
  {
    id: "case",
    level: "MUST",
    heading: "Case Sensitivity",
    says: "Names of headers are compared in any case.",
    shownBy: ["mcp/mirrored-headers.test.ts › names of headers may be written in any case"],
  },
  {
    id: "mismatch",
    level: "MUST",
    heading: "Server Validation",
    says: "Headers that do not fit the body are refused.",
    shownBy: [mismatch, misfits, required],
  },
  {
    id: "integers",
    level: "SHOULD",
    heading: "Server Validation",
    says: "Integers are compared as numbers.",
    shownBy: [fits],
  },
  {
    id: "mismatch-answer",
    level: "MUST",
    heading: "Server Validation",
    says: "The answer is 400 with -32020.",
    shownBy: [mismatch, misfits],
  },
  {
    id: "older-revisions",
    level: "SHOULD",
    heading: "Earlier Streamable HTTP Revisions",
    says: "A server without older revisions answers GET and DELETE with 405.",
    notApplicable: "The server has older revisions. It ignores ids of sessions in requests of this one.",
  },
  {
    id: "http-sse",
    level: "SHOULD NOT",
    heading: "HTTP+SSE Transport (2024-11-05)",
    says: "The transport of 2024-11-05 is not adopted anew.",
    notApplicable: "The server does not have it.",
  },
]);
