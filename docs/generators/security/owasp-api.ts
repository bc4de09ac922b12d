import { attacked, type RiskList } from "./risk.ts";

export const owaspApi: RiskList = {
  title: "OWASP API Security Top 10 (2023)",
  about:
    "[The list](https://owasp.org/API-Security/editions/2023/en/0x11-t10/) concerns REST, MCP over HTTP and WebSocket, and the bridge's intake alike.",
  risks: [
    {
      id: "API1",
      risk: "Broken object level authorization: a caller names an object of somebody else",
      does: "Events, refused messages, approvals, tasks, sessions, responses and streams belong to the client that made them. Ids are bound to it on the server's side; another client's object is answered like one that does not exist.",
      shownBy: [
        "test/server/bridge/queue/queue.test.ts › an id is its client's own: another client's event under it is another event, and neither touches the other",
        "test/server/bridge/status/event-status.test.ts › to another client, and one that nobody sent to nobody",
        "test/server/tools/dead-letter-tools.test.ts › are sent again or dropped once, by their own client or by whom it is permitted",
        "test/server/bridge/approvals/approvals.test.ts › sees its own approvals alone",
        "test/server/mcp/tasks.test.ts › %s knows neither what is not there nor what is another client's",
        "test/server/mcp/sessions.test.ts › is worth nothing to another client, for another purpose, or changed",
        "test/server/mcp/resumption.test.ts › is its session's alone",
        "e2e/conversation.test.ts › two clients: each has its own answer, and neither sees the other's",
      ],
    },
    {
      id: "API2",
      risk: "Broken authentication: keys that can be guessed, stolen or used for ever",
      does: "Keys of 256 bits, compared as hashes in constant time, before a body is read. They may expire, two of one client are valid during a rotation, and a key that is taken back ends its connections. Wrong keys are limited and their addresses banned.",
      shownBy: [
        "test/server/http/app.test.ts › $method $route refuses a wrong or missing key with 401",
        "test/clients/schemathesis.client.test.ts › with a wrong key are refused whatever they hold, and learn nothing",
        "test/server/access/api-keys.test.ts › one client may have two keys, so that one can be replaced by the other without a gap",
        "test/server/http/guard.test.ts › is refused from that time on, and its holder is told",
        "test/server/mcp/web-socket/limits.test.ts › a key that is taken back ends its connections, idle ones too, and fewer permissions count",
        "test/server/http/bans.test.ts › is banned for an hour after five of them in ten minutes, and told until when",
        attacked("30000 wrong keys from 30000 addresses"),
      ],
    },
    {
      id: "API3",
      risk: "Broken object property level authorization: fields that a caller should not read or set",
      does: "Every input has a schema; what it does not know is dropped, and names that reach prototypes are refused. Answers are made field by field. Who sent a message comes from the key, whatever the message says.",
      shownBy: [
        "test/clients/schemathesis.client.test.ts › are answered as it says, by thousands, and never with an error of the server's own",
        "test/server/http/app.test.ts › data %s is refused with 400 over REST, and told over MCP",
        "test/server/bridge/status/event-status.test.ts › to who names two clients, or changes the name that was signed",
        "test/server/bridge/formatting/messages.test.ts › every part begins with the event's own title in bold, ends with its sender, and Telegram takes it",
      ],
    },
    {
      id: "API4",
      risk: "Unrestricted resource consumption",
      does: "Bounds on connections, headers, bodies, time, nesting, requests, calls of a tool, bytes of a client, its share of the queue, and everything that is remembered of strangers. Load is shed before the event loop starves.",
      shownBy: [
        "test/server/http/strangers.test.ts › whoever takes all of them keeps nobody out: the oldest stranger has to go",
        "test/server/http/guard.test.ts › refuses a client over its limit with 429 and says when to come again; others go on",
        "test/server/bridge/queue/queue.test.ts › a client that fills its share is refused, another one's event is taken",
        "test/server/overload.process.test.ts › a server whose event loop was held up sheds what had to wait, answers its probes, and then works again",
        attacked("bodies that cost more than their length, by a client with a key"),
        attacked("600 half-sent headers on all ports"),
        attacked("100 clients without a key that ask 200 times each and read nothing"),
      ],
    },
    {
      id: "API5",
      risk: "Broken function level authorization: a caller uses what only others may",
      does: "Each tool, resource and route names its permission, in one registry for all transports. A key without permissions may do nothing, and sees no tool that it may not call.",
      shownBy: [
        "test/server/http/app.test.ts › a tool outside of the key's permissions is refused with 403, and listed for nobody",
        "test/server/access/api-keys.test.ts › are enabled and may do nothing unless it is said",
        "test/server/http/bans.test.ts › needs the permission for each of both",
        "test/server/mcp/mcp.test.ts › a forbidden tool is a result that the model can read, and a security event",
      ],
    },
    {
      id: "API6",
      risk: "Unrestricted access to sensitive business flows: messages that flood people, decisions by whoever comes",
      does: "Each client has its turn in every chat and its share of the queue. An approval is decided by those who were asked, once, by buttons that cannot be made up.",
      shownBy: [
        "test/server/bridge/pacing/pacer.test.ts › whatever others have in a chat's line, a client's message has its turn after one of each of them",
        "test/server/bridge/approvals/approvals.test.ts › somebody who is not on the list, or was not asked, decides nothing",
        "test/server/bridge/approvals/button-data.test.ts › counts with its own secret alone, and no changed character is taken",
        attacked("one client sends until it is refused, then another one sends"),
      ],
    },
    {
      id: "API7",
      risk: "Server-side request forgery",
      does: "No tool takes a URL that is called. What an author of resources names is called without a secret, and never at loopback, link-local, metadata or API server addresses; redirects are not followed, and network policies open no private address.",
      shownBy: [
        "test/operator/deployment/exposure/dialer.test.ts › that nobody outside could mean is not called, by number or by name",
        "test/operator/deployment/exposure/dialer.test.ts › holds no secret of ours, and neither does the question",
        "test/operator/deployment/network-policies.test.ts › an author's Bot API opens no private address",
        "test/server/bridge/webhooks/webhooks.test.ts › is called again until it answers with 2xx; a redirect is not followed",
        "test/operator/deployment/hostile-pods.test.ts › sends elsewhere (%s) is no answer, and nothing is asked where it leads",
      ],
    },
    {
      id: "API8",
      risk: "Security misconfiguration",
      does: "Defaults are safe: keys on, loopback where they are off, restrictive headers, no CORS unless it is said. What is unsafe has to be said twice and is warned of; a variable that is set in two ways is refused. Pods are restricted, with a read-only root.",
      shownBy: [
        "test/server/config/config.test.ts › does without keys on loopback, and elsewhere only when that is said twice",
        "test/server/http/guard.test.ts › authentication that is off",
        "test/server/http/app.test.ts › every answer carries the security headers",
        "test/config/read-variables.test.ts › refuses two ways at once, also when one of them is another name: which counts would be a guess",
        "test/operator/deployment/children.test.ts › pods satisfy Pod Security restricted, and more: a read-only root and no token",
        "e2e/quickstart.test.ts › the pods pass Pod Security restricted, have no API token and cannot write their root",
      ],
    },
    {
      id: "API9",
      risk: "Improper inventory management: routes, versions and hosts that nobody knows of",
      does: "Routes, methods, tools, errors, variables and metrics come from one source each; their references are generated and compared. The operator lists every instance with its version and addresses.",
      shownBy: [
        "test/server/http/openapi.test.ts › it has each route of REST and each tool with its methods, and no other",
        "test/server/http/openapi.test.ts › it says which operations need no key, and these answer without one",
        "test/generated.test.ts › %s is what the code generates: run `npm run generate`",
        "test/operator/deployment/convergence.cluster.test.ts › all children appear, belong to the resource and make it Ready",
      ],
    },
    {
      id: "API10",
      risk: "Unsafe consumption of APIs: what others answer is believed",
      does: "What Telegram, the bridge, pods and API servers answer is read by schemas, bounded and cleaned of control characters before it stands in a status, a log or an event.",
      shownBy: [
        "test/operator/deployment/probing/http-probe.test.ts › is cut and cleaned where it is read",
        "test/operator/deployment/conditions.test.ts › every message is printable and at most 1 KiB, whatever pods and API server say",
        "test/operator/deployment/hostile-pods.test.ts › that %s ends in bounded time with bounded words",
        "test/server/bridge/status/status.test.ts › are at most twenty, the newest, in texts that no terminal minds",
        "test/server/bridge/telegram/outcome.test.ts › credentials of a URL are in no text",
      ],
    },
  ],
};
