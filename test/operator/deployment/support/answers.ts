import type {
  PausedStatus,
  ReceivingStatus,
  Refusal,
  RefusedTopicStatus,
  VolumeStatus,
} from "../../../../contract/bridge-status.ts";
import { routes } from "../../../../contract/routes.ts";

/** What the pods of the tests answer to the operator's probes; tests change it. */
export type Answers = {
  server: "ready" | "refusing" | "talking nonsense" | "silent" | "hanging";
  /** What servers that are tried before clients reach them answer. Default: ready. */
  tried?: "ready" | "refusing";
  /** The metrics of the server at an address. Default: what the other answers are. */
  metricsAt?: (address: string) => string;
  bridge?: "ready" | "silent";
  /** What the bridge answers to the code of somebody new. Default: it knows no such call. */
  pair?: (path: string, init: RequestInit) => Promise<Response>;
  telegram: { reachable: boolean; error?: string; token_refused?: boolean };
  queue: { usable: boolean; pending: number; limit: number; error?: string };
  /** Whether the server at this host, which is a pod's address or the Service's name, refuses handshakes. */
  refusesAt?: (host: string) => boolean;
  /** Number of handshakes without a good answer. */
  refused: number;
  receiving?: ReceivingStatus;
  paused?: PausedStatus;
  fenced?: true;
  serverVersion: string;
  refusals?: readonly Refusal[];
  refused_topics?: readonly RefusedTopicStatus[];
  volume?: VolumeStatus;
};

export const wellAnswers = (): Answers => ({
  server: "ready",
  serverVersion: "1.2.0",
  telegram: { reachable: true },
  queue: { usable: true, pending: 0, limit: 10_000 },
  refused: 0,
});

/** A `fetch` that answers like the MCP server and the bridge, since the control plane of the tests has no nodes. */
export function answering(answers: Answers): typeof fetch {
  const others = answeringClients(answers);
  return async (input, init) => {
    const { pathname, hostname } = new URL(String(input));
    if (pathname === "/metrics" && answers.metricsAt) return new Response(answers.metricsAt(hostname));
    if (pathname === routes.pair) return answers.pair?.(pathname, init ?? {}) ?? Response.json({}, { status: 404 });
    const isTried = hostname.includes("-mcp-server-preview.");
    return (isTried ? answerOfTried(answers, pathname) : undefined) ?? others(input, init);
  };
}

function answeringClients(answers: Answers): typeof fetch {
  return async (input) => {
    const { pathname, hostname } = new URL(String(input));
    if (pathname === "/status") return statusOf(answers);
    if (answers.refusesAt?.(hostname)) return new Response("", { status: 500 });
    if (answers.server !== "ready") answers.refused += 1;
    if (answers.server === "hanging") return new Promise(() => undefined);
    if (answers.server === "silent") throw new TypeError("fetch failed");
    if (answers.server === "talking nonsense") return new Response("<html>");
    if (answers.server === "refusing") return Response.json({ error: true }, { status: 401 });
    return initialized(answers.serverVersion);
  };
}

/** What servers answer that are tried; undefined for a handshake, which they answer like the others. */
function answerOfTried({ tried }: Answers, pathname: string): Response | undefined {
  if (tried === "refusing") return Response.json({ error: true }, { status: 500 });
  return pathname === "/tools/get_bridge_status" ? Response.json({ running: true }) : undefined;
}

const initialized = (version: string) =>
  Response.json({
    jsonrpc: "2.0",
    id: 1,
    result: { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "cctelegram", version } },
  });

function statusOf(answers: Answers): Response {
  const {
    bridge,
    server: _server,
    refused: _refused,
    refusesAt: _refusesAt,
    metricsAt: _metricsAt,
    pair: _pair,
    serverVersion: _version,
    ...told
  } = answers;
  if (bridge === "silent") throw new TypeError("fetch failed");
  return Response.json(told);
}
