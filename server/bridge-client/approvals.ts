import { setTimeout as sleep } from "node:timers/promises";
import type { Approval, ApprovalAsked, ApprovalQuery, ApprovalRequest } from "../../contract/approvals.ts";
import { ServerError } from "../../contract/errors.ts";
import { approvalTopic } from "../../contract/relay.ts";
import type { Relay } from "./relay.ts";

/** A bridge's requests about approvals: over HTTP, or to a bridge in the same process. Without a client it is anybody's. */
export type ApprovalSource = {
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
  /** Resolves when the approval is over, at the latest when the time is, or nobody waits any more, with how it is then. */
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

/** Approvals with waiting: the bridge's relay tells when to look. */
export function approvalsOver(source: ApprovalSource, relay: Relay): ApprovalCalls {
  const ending = new AbortController();
  return {
    ask: (request) => source.ask(request),
    approval: (id, client) => source.approval(id, client),
    list: (query) => source.list(query),
    withdraw: (id, client) => source.withdraw(id, client),
    wait: (waiting) => wait(source, relay, { ...waiting, signal: AbortSignal.any([waiting.signal, ending.signal]) }),
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
