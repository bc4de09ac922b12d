import type { CommandContext } from "../../../../server/bridge/commands/command.ts";
import { healthyStatus } from "../../support/fake-bridge.ts";

/** A bridge that has nothing to tell, and does nothing. */
export const idleContext: CommandContext = {
  status: () => healthyStatus,
  waitingByClient: () => [],
  todos: () => [],
  openApprovals: () => [],
  sessions: () => [],
  sessionsCalled: () => [],
  bind: () => {},
  unbind: () => undefined,
  pair: () => undefined,
  unpair: () => false,
  setMode: () => {},
  paused: () => undefined,
  setPaused: () => false,
  restart: () => {},
  now: Date.now,
};
