import type { PausedStatus, ReceivingStatus, Refusal, RefusedTopicStatus } from "../../../../contract/bridge-status.ts";

/** What the pods of the tests answer to the operator's probes; tests change it. */
export type Answers = {
  server: "ready" | "refusing" | "talking nonsense" | "silent" | "hanging";
  bridge?: "ready" | "silent";
  telegram: { reachable: boolean; error?: string };
  queue: { usable: boolean; pending: number; limit: number; error?: string };
  /** Whether the server at this host, which is a pod's address or the Service's name, refuses handshakes. */
  refusesAt?: (host: string) => boolean;
  /** Number of handshakes without a good answer. */
  refused: number;
  receiving?: ReceivingStatus;
  paused?: PausedStatus;
  fenced?: true;
  refusals?: readonly Refusal[];
  refused_topics?: readonly RefusedTopicStatus[];
};

export const wellAnswers = (): Answers => ({
  server: "ready",
  telegram: { reachable: true },
  queue: { usable: true, pending: 0, limit: 10_000 },
  refused: 0,
});

/** A `fetch` that answers like the MCP server and the bridge, since the control plane of the tests has no nodes. */
export function answering(answers: Answers): typeof fetch {
  return async (input) => {
    const { pathname, hostname } = new URL(String(input));
    if (pathname === "/status") return statusOf(answers);
    if (answers.refusesAt?.(hostname)) return new Response("", { status: 500 });
    if (answers.server !== "ready") answers.refused += 1;
    if (answers.server === "hanging") return new Promise(() => undefined);
    if (answers.server === "silent") throw new TypeError("fetch failed");
    if (answers.server === "talking nonsense") return new Response("<html>");
    if (answers.server === "refusing") return Response.json({ error: true }, { status: 401 });
    return Response.json({
      jsonrpc: "2.0",
      id: 1,
      result: { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "cctelegram", version: "1.0.0" } },
    });
  };
}

function statusOf({ bridge, server: _server, refused: _refused, refusesAt: _refusesAt, ...told }: Answers): Response {
  if (bridge === "silent") throw new TypeError("fetch failed");
  return Response.json(told);
}
