import type { BridgeStatus } from "../../../contract/bridge-status.ts";
import type { Approvals } from "../approvals/approvals.ts";
import type { Attention } from "../attention/attention.ts";
import type { Control } from "../control/control.ts";
import type { Pairings } from "../pairing/pairings.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Channel } from "../sessions/channel.ts";
import type { Todos } from "../tasks/todos.ts";
import type { CommandContext } from "./command.ts";

/** Sessions of todos that an answer may be made of. */
const SESSIONS_SHOWN = 20;

export type BridgeParts = {
  readonly status: () => BridgeStatus;
  readonly queue: Pick<Queue, "waitingByClient">;
  readonly todos: Pick<Todos, "newest">;
  readonly approvals: Pick<Approvals, "open">;
  readonly attention: Pick<Attention, "setMode">;
  readonly control: Pick<Control, "paused" | "setPaused" | "state" | "restart">;
  readonly channel: Pick<Channel, "sessions" | "table" | "bindings">;
  readonly pairings: Pick<Pairings, "confirm" | "end" | "isOn">;
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  readonly now: () => number;
};

/** What commands see of a bridge. */
export function contextOf(parts: BridgeParts): CommandContext {
  const { status, queue, todos, approvals, attention, control, channel, pairings, onLines, now } = parts;
  const { sessions, table, bindings } = channel;
  return {
    status,
    waitingByClient: () => queue.waitingByClient(),
    todos: (client) => todos.newest(SESSIONS_SHOWN, client),
    openApprovals: (limit) => approvals.open(limit),
    sessions: (limit) => sessions.newest(limit),
    sessionsCalled: (name) => table.calledSo(name),
    bind: (session, place, by) => bindings.bind({ ...place, session, by, at: now(), made: false }),
    unbind: (place) => {
      const former = bindings.unbind(place);
      return former && table.byRow(former.session)?.name;
    },
    pair: (code, by) => {
      if (!pairings.isOn) return "off";
      const confirmed = pairings.confirm(code, String(by), now());
      // The line is on disk with the answer; of a commit that fails nothing is there to be sent.
      if (confirmed !== undefined) setImmediate(() => onLines(confirmed.lines));
      return confirmed?.paired;
    },
    unpair: (userId) => pairings.end(userId),
    setMode: (user, mode) => attention.setMode([user], mode, String(user), now()),
    paused: () => control.paused,
    setPaused: (paused, by) => control.setPaused(paused, by),
    restart: (by) => void control.restart(by, control.state().instance),
    now,
  };
}
