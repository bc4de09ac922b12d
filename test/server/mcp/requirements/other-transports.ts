import { hostile, page } from "./requirement.ts";

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
      shownBy: [
        "mcp/web-socket/web-socket.test.ts › requests of 2026-07-28 need nothing before them, and no headers",
        "mcp/web-socket/web-socket.test.ts › both eras work on one connection",
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
    {
      id: "byte-streams",
      level: "SHOULD",
      heading: "Custom Transports",
      says: "Those over streams of bytes frame messages as stdio does.",
      notApplicable: "The one of our own is over WebSockets, which have frames.",
    },
  ]),
  ...page("2026-07-28", "basic/transports/stdio", [
    {
      id: "lines",
      level: "MUST NOT",
      heading: "",
      says: "A message is one line.",
      shownBy: [
        "mcp/stdio/alone.process.test.ts › no port is open, and what is said is messages alone; the log is on stderr without secrets",
        "mcp/stdio/remote.process.test.ts › many at once get their own answers, on lines that are messages alone",
      ],
    },
    {
      id: "output",
      level: "MUST NOT",
      heading: "",
      says: "Nothing but messages is written to stdout.",
      shownBy: [
        "mcp/stdio/alone.process.test.ts › no port is open, and what is said is messages alone; the log is on stderr without secrets",
        "mcp/stdio/remote.process.test.ts › many at once get their own answers, on lines that are messages alone",
      ],
    },
    {
      id: "framing",
      level: "SHOULD",
      heading: "",
      says: "Transports over such streams frame alike.",
      notApplicable: "There is no other transport over such streams.",
    },
    {
      id: "no-requests",
      level: "MUST NOT",
      heading: "Receiving Messages",
      says: "No requests are written.",
      notApplicable: "What the server asks in this revision stands in results, whichever transport they go by.",
    },
    {
      id: "work-stops",
      level: "SHOULD",
      heading: "Cancellation",
      says: "Work that is cancelled stops soon.",
      shownBy: [
        "mcp/stdio/remote.process.test.ts › a cancelled request is stopped there, in both eras, and not answered",
      ],
    },
    {
      id: "silence",
      level: "MUST NOT",
      heading: "Cancellation",
      says: "Nothing more is sent for it.",
      shownBy: [
        "mcp/stdio/remote.process.test.ts › a cancelled request is stopped there, in both eras, and not answered",
      ],
    },
    {
      id: "shutdown",
      level: "SHOULD",
      heading: "Shutdown",
      says: "The server ends when its input does.",
      shownBy: [
        "mcp/stdio/alone.process.test.ts › at the end of its input it answers what is under way, and ends",
        "mcp/stdio/alone.process.test.ts › what was listened to ends with its input",
      ],
    },
  ]),
];
