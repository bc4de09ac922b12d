import { attacked, type RiskList } from "./risk.ts";

const stranger: RiskList = {
  title: "Callers without a right key",
  about:
    "What strangers try at the ports of server and bridge. Measured on two busy cores: a million wrong keys took 12 minutes; the server took 104 MiB before them, 172 at its highest and 142 at the end, and all of 2,669 calls with a right key meanwhile were served, 99 of 100 within 0.9 s.",
  risks: [
    {
      id: "Wrong keys by the million",
      risk: "Somebody guesses keys from many addresses, to find one, to fill the memory, or to keep others out",
      does: "What is remembered of addresses is bounded; right keys are served whatever comes from their address, also from one that is banned.",
      shownBy: [
        attacked("30000 wrong keys from 30000 addresses"),
        attacked("wrong keys from 10500 addresses, more than bans are kept"),
        "test/server/access/ban-list.test.ts › keeps its memory under strikes from a million addresses, of which many are banned",
        "test/server/http/bans.test.ts › goes on to be served with right keys, and others with whatever they have",
      ],
    },
    {
      id: "Half-sent and slow bodies",
      risk: "Thousands of connections that announce bodies and send them slowly, partly or never",
      does: "A body is read only after its key counts; time, connections and the bytes of one client are bounded.",
      shownBy: [
        attacked("600 half-sent bodies: an unknown path"),
        attacked("600 half-sent bodies: every path with every method"),
        attacked("600 half-sent bodies: known paths without a key"),
        attacked("600 half-sent bodies: metrics, the bridge and its health"),
        attacked("600 half-sent bodies: by a client with a key"),
        attacked("600 half-sent bodies: events to the bridge without a signature"),
        attacked("600 half-sent bodies: events to the bridge with a signature that cannot be checked before its end"),
        attacked("200 bodies that drip, by a client with a key"),
        "test/server/http/strangers.test.ts › is not asked for its body by 100 Continue, one with a key is",
        "test/server/strangers.process.test.ts › a client that sends %s is cut in time",
        "test/server/bridge/intake/strangers.process.test.ts › headers that never end, bodies that drip and silence are cut",
      ],
    },
    {
      id: "Header floods",
      risk: "Headers that are large, many, or never end",
      does: "Headers have 16 KiB and ten seconds.",
      shownBy: [
        attacked("300 floods of headers on all ports"),
        attacked("600 half-sent headers on all ports"),
        attacked("2000 connections that say nothing"),
      ],
    },
    {
      id: "Unread answers",
      risk: "Clients that ask and do not read",
      does: "An answer that nobody takes is given up, and a WebSocket that does not read is cut.",
      shownBy: [
        attacked("100 clients without a key that ask 200 times each and read nothing"),
        "test/server/http/strangers.test.ts › an answer that nobody takes is given up",
        "test/server/mcp/web-socket/limits.test.ts › one that never reads is cut when more than 1 MiB waits for it",
      ],
    },
    {
      id: "Forged X-Forwarded-For",
      risk: "Somebody else's address is banned, or the own one hidden",
      does: "The header counts on the proxy's own port and from trusted proxies only, from right to left to the first address that is not trusted, and only if it is one. An IPv6 /64 is one address.",
      shownBy: [
        attacked("wrong keys behind a trusted proxy with words for addresses"),
        attacked("3000 wrong keys behind a trusted proxy with addresses of 14 kB"),
        "test/server/http/bans.test.ts › cannot be another one than that which the trusted proxy saw",
        "test/server/http/bans.test.ts › is an IPv6 network of 64 bits, and IPv4 whatever it is written like",
        "test/server/http/guard.test.ts › cannot be made to accuse another address",
        "test/server/http/forwarded.test.ts › by a client itself stands further left than what the proxy saw, and does not count",
        "test/server/http/further-ports.test.ts › is that of the connection for a neighbour who forges the headers on the other ports",
      ],
    },
    {
      id: "Getting others banned",
      risk: "A client, or somebody at its address, is kept out by what another one does",
      does: "Failures count for the address that they come from, and a ban concerns requests without a right key. A key over its limit is banned at that address alone.",
      shownBy: [
        "test/server/access/ban-list.test.ts › bans nobody for what another one does",
        "test/server/access/bans.test.ts › concern a key where it exceeded its limit, not elsewhere, not other keys, and not strangers",
        "test/server/http/guard.test.ts › limits wrong keys of an address, but never a right key that comes from there",
        "test/server/http/bans.test.ts › is banned for half an hour after ten requests over it, at that address alone",
      ],
    },
    {
      id: "Forged log lines",
      risk: "A value that begins a line of its own, or reads like one that tools ban by",
      does: "Every line is JSON, or text whose values are quoted and cleaned.",
      shownBy: [
        attacked("values that look like lines of the log"),
        "test/server/telemetry/log-lines.test.ts › cannot forge %s",
        "test/server/telemetry/log-lines.test.ts › of security events cannot hold a forged one: %s",
        "test/server/http/app.test.ts › a path that is not there stands in the log at debug: printable, short and without its query",
      ],
    },
    {
      id: "Log flooding",
      risk: "Each request of a stranger writes lines until disks are full",
      does: "Of many refusals few are logged and all are counted; files of logs rotate.",
      shownBy: [
        attacked("3000 requests without a key for paths that do not exist"),
        "test/server/http/guard.test.ts › of many refusals ten are logged and all are counted",
      ],
    },
    {
      id: "DNS rebinding",
      risk: "A web page whose name comes to lead to this machine calls the server from the user's browser",
      does: "Without keys, and on loopback, only known names are answered, on every route and the metrics port; foreign origins are refused everywhere.",
      shownBy: [
        "test/clients/rebinding.client.test.ts › a hostile page whose name leads to this machine reaches nothing of a server without keys",
        attacked("web pages that reach a server without keys, on every route"),
        "test/server/http/web-pages.test.ts › refuses $method $route under the name of a web page",
        "test/server/http/web-pages.test.ts › refuses foreign pages, and on loopback foreign names",
        "test/server/listening/web-access.test.ts › a Host of %j is no loopback name",
      ],
    },
    {
      id: "Odd methods",
      risk: "Methods of HTTP that nobody thought of reach what others do not",
      does: "Each path answers the methods that it has; all others are 405 or 404 before a body is read.",
      shownBy: [
        "test/server/http/app.test.ts › a method that a path does not have is 405 with Allow, whichever of HTTP's it is",
        "test/server/http/strangers.test.ts › %s is answered before its body is read, on every path, and the connection ends",
      ],
    },
  ],
};

const clients: RiskList = {
  title: "Clients with a key",
  about: "What a client does that is broken, greedy, or led astray.",
  risks: [
    {
      id: "Filling the queue",
      risk: "One client's events keep all others out for hours, or fill the disk",
      does: "A client has a share of the queue, 429 when it is used up, and its turn in every chat. Texts are cut, and what nobody needs is not stored.",
      shownBy: [
        attacked("one client sends until it is refused, then another one sends"),
        attacked("120 of the largest events, by 12 clients"),
        "test/server/bridge/formatting/messages.test.ts › rows and bytes are bounded by the input, and by a constant for each chat",
        "test/server/bridge/pacing/fairness.process.test.ts › shares and turns of clients hold over a kill, and nothing acknowledged is lost",
      ],
    },
    {
      id: "Costly bodies",
      risk: "Bodies that cost far more to read, check or split than their length says",
      does: "Nesting and members are bounded before anything else is done, and cutting a text costs in proportion to it.",
      shownBy: [
        attacked("bodies that cost more than their length, by a client with a key"),
        "test/server/bridge/formatting/splitter.test.ts › a megabyte in 256 parts costs no memory outside of the heap",
        "test/server/bridge/intake/intake.test.ts › details that are too many, too deep or too large are refused as such",
        "test/server/http/app.test.ts › none leads to a 5xx",
      ],
    },
    {
      id: "Posing as another sender",
      risk: "A message looks like one of somebody else, or like the bridge's own words",
      does: "Every part shows title, number and sender in a style that a text cannot have; control characters and marks of direction are removed.",
      shownBy: [
        "test/server/bridge/formatting/messages.test.ts › a text cannot look like the bridge's own words",
        "test/server/naughty-strings.process.test.ts › %s: what arrives at Telegram is what was sent",
      ],
    },
    {
      id: "Suppressing another's event",
      risk: "An id that somebody else will use is taken first",
      does: "The id of an event, and of an approval, is its client's own.",
      shownBy: [
        "test/server/bridge/queue/queue.test.ts › an id is its client's own: another client's event under it is another event, and neither touches the other",
      ],
    },
    {
      id: "Key files that are something else",
      risk: "A file that is slightly wrong becomes a key that anybody can guess, or keeps a key valid that was taken back",
      does: "What is no object of keys is refused; a file that becomes unusable is told and makes the server not ready.",
      shownBy: [
        "test/server/access/api-keys.test.ts › %s in a file is refused",
        "test/server/access/api-keys.test.ts › %s are the same key: both names are told",
        "test/server/access/key-store.test.ts › a file that becomes unusable leaves the keys valid, but that is a problem until it is fixed",
        "test/server/access/key-store.test.ts › when the file is %s no key is valid any more",
      ],
    },
  ],
};

const cluster: RiskList = {
  title: "Neighbours in the cluster",
  about: "What authors of resources, other pods and whoever holds a token try.",
  risks: [
    {
      id: "Replayed bridge requests",
      risk: "A request between server and bridge is recorded and sent again, changed, or sent elsewhere",
      does: "The signature covers method, path, time and body and holds for five minutes; the same event is taken once.",
      shownBy: [
        attacked("recorded requests of the bridge that are sent again"),
        "test/server/bridge/intake/gate.test.ts › a signature for one route does not open another",
        "test/server/bridge/intake/gate.test.ts › a body that is not the signed one is refused, counted and logged with the caller's address",
        "test/contract/signature.test.ts › is accepted up to 300 seconds away from now, on both sides",
      ],
    },
    {
      id: "Hostile pods",
      risk: "A pod answers the operator's probes slowly, hugely, with redirects, or with words for an administrator's terminal",
      does: "Five seconds, 16 KiB, no redirect, no connection kept; words are cut and cleaned where they are read.",
      shownBy: [
        "test/operator/deployment/hostile-pods.test.ts › that %s ends in bounded time with bounded words",
        "test/operator/deployment/hostile-pods.test.ts › sends elsewhere (%s) is no answer, and nothing is asked where it leads",
        "test/operator/deployment/hostile-pods.test.ts › a hundred at once cost next to no memory",
        "test/operator/runtime/plain-http.test.ts › %s is an error",
      ],
    },
    {
      id: "Objects of others",
      risk: "A resource is named so that the operator overwrites or deletes what belongs to somebody else",
      does: "The operator creates only what is not there, and writes only what it owns.",
      shownBy: [
        attacked("a resource whose names meet objects of others"),
        "test/operator/deployment/ownership.cluster.test.ts › is left alone from the first try to the deletion of the resource, and named with the way out",
        "test/operator/deployment/ownership.cluster.test.ts › a Secret of another resource gives neither its key nor itself",
        "test/operator/deployment/names.test.ts › names that the definition refuses would meet others",
      ],
    },
    {
      id: "The operator's token",
      risk: "Whoever has it takes over the cluster",
      does: "It has the rights that are used, and an admission policy limits what may be written with it; a namespaced installation has none beyond its namespaces.",
      shownBy: [
        "test/operator/deployment/stolen-token.cluster.test.ts › what an honest operator writes is allowed: the refusals above are about what they name",
        "test/rights.test.ts › a verb too many, a name that was never asked for, and a verb too few are told",
        "test/operator/deployment/namespaced.cluster.test.ts › its account has no right in the whole cluster",
      ],
    },
    {
      id: "Opened networks",
      risk: "An author of resources opens networks that he may not open",
      does: "Policies open public addresses only, and only declared peers may call; the chart can forbid more.",
      shownBy: [
        "test/operator/deployment/network-policies.test.ts › no rule lets everybody out or in",
        "test/operator/deployment/network-policies.test.ts › an author's Bot API opens no private address",
        "test/operator/deployment/chart.cluster.test.ts › the chart can forbid that resources open networks",
        "e2e/network-policies.test.ts › an author's URL of the Bot API opens no way to an address inside the cluster",
      ],
    },
    {
      id: "The operator's own ports",
      risk: "Neighbours read its metrics, or hold its connections",
      does: "Metrics ask for a token, bodies are not read, and one address that takes all connections keeps nobody else out.",
      shownBy: [
        "test/operator/runtime/health.test.ts › metrics with authorization are shown to those who may see them, health to all",
        "test/operator/runtime/health.test.ts › an address that takes many connections keeps none of the others out",
        "test/operator/runtime/token-authorizer.test.ts › whoever guesses tokens is slowed down, and nobody else",
        "test/operator/deployment/chart.cluster.test.ts › the operator's network is closed but for scrapes, probes of its own, DNS and the API server",
      ],
    },
    {
      id: "Files and memory of a process",
      risk: "Another user of the machine reads messages or keys, or opens the inspector",
      does: "Files are for their owner alone, also when they were not; no signal opens the inspector; a snapshot of the heap is written only where a folder is named.",
      shownBy: [
        "test/server/bridge/queue/sqlite-queue.test.ts › the files are readable by their owner alone, also when they were open to everybody",
        "test/server/standalone.process.test.ts › what it writes is its owner's alone, also in a directory that was open to others",
        "test/entrypoint.process.test.ts › SIGUSR1 does not open the inspector of the %s",
        "test/server/signals.process.test.ts › writes a snapshot for the owner alone, three at most",
        "test/server/roles.test.ts › a new key is told to a terminal only, with a configuration that a client takes",
      ],
    },
    {
      id: "Names of Secrets",
      risk: "An author of resources learns from their status whether a Secret of that name exists",
      notApplicable:
        "Whoever may create a CCTelegramDeployment may have any Secret of the namespace mounted into a pod of an image of their choice; that its name exists is less than that. Values are never shown.",
    },
    {
      id: "Secrets in URLs",
      risk: "Credentials in the URL of a Bot API or a proxy are printed",
      does: "They are refused where they cannot work, and removed from every text where they can.",
      shownBy: [
        "test/server/bridge/telegram/outcome.test.ts › credentials of a URL are in no text",
        "test/server/bridge/telegram/proxy.process.test.ts › a proxy that refuses is told with its status and without its password",
      ],
    },
  ],
};

/** What was tried against this project itself, by who tries it. */
export const attacks: readonly RiskList[] = [stranger, clients, cluster];
