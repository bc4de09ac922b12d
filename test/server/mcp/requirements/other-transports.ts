import { hostile, page } from "./requirement.ts";

const noStdio = "There is no stdio transport.";
const onlyHttp = "There is no transport beside HTTP.";

export const otherTransports = [
  ...page("2026-07-28", "basic/transports/index", [
    {
      id: "utf-8",
      level: "MUST",
      heading: "Messages",
      says: "Messages are in UTF-8.",
      shownBy: [hostile('the id "Grüße 🎉", which is right'), "mcp/mirrored-headers.test.ts › %s fits"],
    },
    {
      id: "directions",
      level: "MUST",
      heading: "Messages",
      says: "Requests and notifications reach the server, responses and notifications the client.",
      shownBy: ["mcp/telling.test.ts › comes under the client's token %j, always more, and before the answer"],
    },
    {
      id: "custom-transport",
      level: "MUST",
      heading: "Custom Transports",
      says: "Transports of our own keep format, patterns and metadata.",
      open: onlyHttp,
    },
    {
      id: "custom-transport-documents",
      level: "SHOULD",
      heading: "Custom Transports",
      says: "They are documented.",
      open: onlyHttp,
    },
    {
      id: "byte-streams",
      level: "SHOULD",
      heading: "Custom Transports",
      says: "Those over streams of bytes frame messages as stdio does.",
      open: onlyHttp,
    },
  ]),
  ...page("2026-07-28", "basic/transports/stdio", [
    { id: "lines", level: "MUST NOT", heading: "", says: "A message is one line.", open: noStdio },
    { id: "output", level: "MUST NOT", heading: "", says: "Nothing but messages is written to stdout.", open: noStdio },
    { id: "framing", level: "SHOULD", heading: "", says: "Transports over such streams frame alike.", open: noStdio },
    {
      id: "no-requests",
      level: "MUST NOT",
      heading: "Receiving Messages",
      says: "No requests are written.",
      open: noStdio,
    },
    {
      id: "work-stops",
      level: "SHOULD",
      heading: "Cancellation",
      says: "Work that is cancelled stops soon.",
      open: noStdio,
    },
    { id: "silence", level: "MUST NOT", heading: "Cancellation", says: "Nothing more is sent for it.", open: noStdio },
    {
      id: "shutdown",
      level: "SHOULD",
      heading: "Shutdown",
      says: "The server ends when its input does.",
      open: noStdio,
    },
  ]),
];
