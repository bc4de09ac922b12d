import { attacked, type RiskList } from "./risk.ts";

export const owaspMcp: RiskList = {
  title: "OWASP MCP Top 10 (2025, beta)",
  about: "[The list](https://owasp.org/www-project-mcp-top-10/) is a beta; names may still change.",
  risks: [
    {
      id: "MCP01",
      risk: "Token mismanagement and secret exposure",
      does: "Keys are stored as hashes or in Secrets, shown to no log, answer or model, and may expire. Bot tokens, bearer tokens and credentials in URLs are removed from every line.",
      shownBy: [
        "test/server/http/app.test.ts › no log line holds a key",
        "test/server/log-files.process.test.ts › have calls and refusals, and no key, no token and no text of a message",
        "test/server/bridge/sending/delivery.process.test.ts › the token is in no log line, status or error",
        "test/operator/deployment/children.test.ts › no secret value stands outside a Secret",
        "test/server/config/config.test.ts › never shows a secret in its complaints",
        "e2e/operations.test.ts › server and bridge log lines of JSON, which hold neither keys nor tokens",
      ],
    },
    {
      id: "MCP02",
      risk: "Privilege escalation by scope creep",
      does: "Permissions are named for each key and default to none. Fewer permissions count at once, also on open connections; permissions that name no tool are warned of.",
      shownBy: [
        "test/server/access/api-keys.test.ts › are enabled and may do nothing unless it is said",
        "test/server/http/guard.test.ts › permissions that name no tool",
        "test/server/mcp/web-socket/limits.test.ts › a key that is taken back ends its connections, idle ones too, and fewer permissions count",
        "test/operator/deployment/server-contract.test.ts › the operator's own key may call no tool",
      ],
    },
    {
      id: "MCP03",
      risk: "Tool poisoning: descriptions or schemas that lead a model astray, or change later",
      does: "Tools, their texts and annotations are code and the same for everybody, in an order that does not change; the reference is generated from them. No text of a client or a person becomes part of a description.",
      shownBy: [
        "test/server/mcp/mcp.test.ts › lists what the key permits, always in the same order",
        "test/server/mcp/mcp.test.ts › describes each tool with title, schemas and annotations",
        "test/generated.test.ts › %s is what the code generates: run `npm run generate`",
        "test/server/http/openapi.test.ts › it is the file that stands in docs/reference, for every deployment and everybody",
      ],
    },
    {
      id: "MCP04",
      risk: "Supply chain attacks and tampered dependencies",
      does: "Every package has its SHA-512 in the lock file, on every platform; install scripts run for two packages only. Each dependency has a reason. Images are one bundled file, and are pinned by digests.",
      shownBy: [
        "test/package-lock.test.ts › npm verifies every package, also those of other platforms: each entry of the lock file has a SHA-512",
        "test/package-lock.test.ts › are exact versions with checksums, and name no index",
        "test/docs.test.ts › every dependency stands in docs/dependencies.md, and no other",
        "test/operator/deployment/chart.cluster.test.ts › a digest wins over the tag, for both images",
      ],
    },
    {
      id: "MCP05",
      risk: "Command injection and execution",
      does: "No tool runs a command, a template or a query made of its input. Files of projects are read by real path below folders that the user named. What looks like code arrives at Telegram as text.",
      shownBy: [
        "test/server/naughty-strings.process.test.ts › %s: what arrives at Telegram is what was sent",
        "test/server/http/app.test.ts › none leads to a 5xx",
        "test/server/projects/project-files.test.ts › is refused when a symbolic link leads out: the project, a folder in it, or the file",
      ],
    },
    {
      id: "MCP06",
      risk: "Intent flow subversion and prompt injection",
      does: "People are who a message could lead astray: each shows its title and sender on every part, in a style that a text cannot imitate, and no link previews. What people answer is given to models as data of a schema, only to the client whose message it answers.",
      shownBy: [
        "test/server/bridge/formatting/messages.test.ts › a text cannot look like the bridge's own words",
        "test/server/bridge/formatting/messages.test.ts › every part begins with the event's own title in bold, ends with its sender, and Telegram takes it",
        "test/server/bridge/approvals/approvals.test.ts › the whole prompt is shown; a click decides, the message tells who and when, and the buttons go",
        attacked("one client sends until it is refused, then another one sends"),
      ],
    },
    {
      id: "MCP07",
      risk: "Insufficient authentication and authorization",
      does: "The same keys, permissions, limits and bans on every transport, before a message is read. Origin and Host are checked on every route.",
      shownBy: [
        "test/server/mcp/mcp.test.ts › a wrong key is refused before anything is read",
        "test/server/mcp/web-socket/limits.test.ts › a client whose key is wrong is refused before the connection is one, and counted",
        "test/server/http/bans.test.ts › is refused on MCP over HTTP and WebSocket, too, and counted there",
        attacked("web pages that reach a server without keys, on every route"),
      ],
    },
    {
      id: "MCP08",
      risk: "Lack of audit and telemetry",
      does: "One line for each accepted call ties the event to its key; refusals, bans, wrong signatures and foreign pages are security events with metrics and alerts. No value can forge a line.",
      shownBy: [
        "test/server/http/app.test.ts › an accepted call is one line that ties the event to the key, and one audit record",
        "test/server/http/app.test.ts › counts and logs a failure as fail2ban expects it, without the key",
        "test/server/bridge/intake/gate.test.ts › a body that is not the signed one is refused, counted and logged with the caller's address",
        "test/docs.test.ts › every alert stands in docs/monitoring.md with its severity",
        attacked("values that look like lines of the log"),
      ],
    },
    {
      id: "MCP09",
      risk: "Shadow servers that nobody knows of",
      does: "The operator lists every instance of a cluster. A server without keys starts on loopback only, and says so. The bot's updates have one reader: who else reads them is named.",
      shownBy: [
        "test/server/config/config.test.ts › does without keys on loopback, and elsewhere only when that is said twice",
        "test/operator/deployment/receiving/hand-over.cluster.test.ts › the oldest resource of a token receives, the other says who does and what to do, and takes over when that one is gone",
        "test/server/bridge/queue/sqlite-queue.test.ts › a second bridge on the same file is refused: it would deliver everything twice",
      ],
    },
    {
      id: "MCP10",
      risk: "Context injection and over-sharing",
      does: "Clients hear of their own messages, answers and decisions only. Answers hold ids and states; input that is refused is not logged, and what is delivered is deleted.",
      shownBy: [
        "test/server/mcp/subscriptions.test.ts › a session subscribes to what its client may read, and to nothing else",
        "test/server/mcp/web-socket/conversation.test.ts › no client ever gets another's answer",
        "test/server/bridge/status/event-status.test.ts › to another client, and one that nobody sent to nobody",
        "test/server/bridge/storage/sqlite-schema.test.ts › what arrived leaves on disk no text, and so little that a day at the bot's full rate does not fill a volume",
      ],
    },
  ],
};
