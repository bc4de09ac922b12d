import { setTimeout as sleep } from "node:timers/promises";
import {
  type Approval,
  type ApprovalAsked,
  type ApprovalQuery,
  type ApprovalRequest,
  approvalAskedSchema,
  approvalPath,
  approvalSchema,
  approvalsPath,
  approvalsSchema,
} from "../../contract/approvals.ts";
import { ServerError } from "../../contract/errors.ts";
import { approvalTopic } from "../../contract/relay.ts";
import { routes } from "../../contract/routes.ts";
import type { Approvals } from "../bridge/approvals/approvals.ts";
import type { BridgeCall } from "./bridge-calls.ts";
import type { Relay } from "./relay.ts";

/** A bridge's requests about approvals: over HTTP, or to a bridge in the same process. Without a client it is anybody's. */
type ApprovalSource = {
  /** Resolves when the question is on disk. Asking the same again is harmless. */
  ask(request: ApprovalRequest): Promise<ApprovalAsked>;
  /** Throws APPROVAL_NOT_FOUND. */
  approval(id: string, client: string | undefined): Promise<Approval>;
  /** Newest first. */
  list(query: ApprovalQuery): Promise<readonly Approval[]>;
  /** Resolves with how it is then, also when it was over before. Throws APPROVAL_NOT_FOUND. */
  withdraw(id: string, client: string | undefined): Promise<Approval>;
};

export type ApprovalCalls = ApprovalSource & {
  /**
   * Resolves when the approval is over, at the latest when the time is, or nobody waits any more, with how it is then. Throws
   * RATE_LIMIT_EXCEEDED when too many wait.
   */
  wait(waiting: ApprovalWait): Promise<Approval>;
  /** Ends every wait, and every later one at once: this process is about to end. */
  endWaits(): void;
};

type ApprovalWait = {
  readonly id: string;
  readonly client: string | undefined;
  /** Milliseconds to wait at most. */
  readonly forMs: number;
  /** Nobody waits any more. */
  readonly signal: AbortSignal;
  /** Told how it is whenever that may have changed. */
  readonly onLook?: (approval: Approval) => void;
};

/** A notice can be lost with the process that was to hear it; then the approval is looked at after this time. */
const LOOK_AGAIN_MS = 10_000;
const UNAVAILABLE_PAUSE_MS = 250;
/** Of one process at a time: each looks again every now and then. */
const MOST_WAITS = 1_000;

/** The routes of a bridge elsewhere. */
export function httpApprovals(call: <T>(request: BridgeCall<T>) => Promise<T>, relay: Relay): ApprovalCalls {
  const source: ApprovalSource = {
    ask: (request) =>
      call({ method: "POST", path: routes.approvals, body: JSON.stringify(request), schema: approvalAskedSchema }),
    approval: (id, client) => call({ method: "GET", path: approvalPath(id, client), body: "", schema: approvalSchema }),
    list: async (query) =>
      (await call({ method: "GET", path: approvalsPath(query), body: "", schema: approvalsSchema })).approvals,
    withdraw: (id, client) =>
      call({ method: "DELETE", path: approvalPath(id, client), body: "", schema: approvalSchema }),
  };
  return approvalsOver(source, relay);
}

/** A bridge in the same process, which another one may take the place of. */
export function localApprovals(
  refusing: <T>(ask: () => T | Promise<T>) => Promise<T>,
  approvals: () => Pick<Approvals, "ask" | "approval" | "list" | "withdraw">,
  relay: Relay,
): ApprovalCalls {
  const source: ApprovalSource = {
    ask: (request) => refusing(() => approvals().ask(request)),
    approval: (id, client) => refusing(() => approvals().approval(id, client)),
    list: (query) => refusing(() => approvals().list(query)),
    withdraw: (id, client) => refusing(() => approvals().withdraw(id, client)),
  };
  return approvalsOver(source, relay);
}

/** Approvals with waiting: the bridge's relay tells when to look. */
function approvalsOver(source: ApprovalSource, relay: Relay): ApprovalCalls {
  const ending = new AbortController();
  let waits = 0;
  return {
    ask: (request) => source.ask(request),
    approval: (id, client) => source.approval(id, client),
    list: (query) => source.list(query),
    withdraw: (id, client) => source.withdraw(id, client),
    async wait(waiting) {
      if (waits >= MOST_WAITS) throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 30 });
      waits += 1;
      try {
        return await wait(source, relay, { ...waiting, signal: AbortSignal.any([waiting.signal, ending.signal]) });
      } finally {
        waits -= 1;
      }
    },
    endWaits: () => ending.abort(),
  };
}

async function wait(source: ApprovalSource, relay: Relay, waiting: ApprovalWait): Promise<Approval> {
  const { id, client, forMs, signal, onLook } = waiting;
  const deadline = performance.now() + forMs;
  const topic = approvalTopic(id);
  let wake = () => {};
  const stop = relay.subscribe(
    (message) => message.topic === topic && wake(),
    () => wake(),
  );
  try {
    // Whatever is published from now on is heard.
    await relay.recall(topic).catch(() => {});
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const left = deadline - performance.now();
      const looked = await look(() => source.approval(id, client), { isLast: left <= 0 || signal.aborted });
      if (looked !== undefined) onLook?.(looked);
      if (looked !== undefined && (looked.state !== "pending" || left <= 0 || signal.aborted)) return looked;
      const pause = Math.max(1, Math.min(left, looked === undefined ? UNAVAILABLE_PAUSE_MS : LOOK_AGAIN_MS));
      const over = new AbortController();
      await Promise.race([
        woken,
        sleep(pause, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => {}),
      ]);
      over.abort();
    }
  } finally {
    stop();
  }
}

/** Undefined while the bridge is away, unless that was the last look: then it throws. */
async function look(
  ask: () => Promise<Approval>,
  { isLast }: { readonly isLast: boolean },
): Promise<Approval | undefined> {
  try {
    return await ask();
  } catch (error) {
    const isAway =
      error instanceof ServerError && (error.code === "BRIDGE_UNAVAILABLE" || error.code === "TIMEOUT_ERROR");
    if (isAway && !isLast) return undefined;
    throw error;
  }
}
