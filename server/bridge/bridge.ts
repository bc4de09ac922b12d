import type { Registry } from "prom-client";
import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import type { Event } from "../../contract/event.ts";
import type { EventStatus } from "../../contract/event-status.ts";
import type { Response } from "../../contract/responses.ts";
import { outgoingFetch } from "../outgoing/outgoing-fetch.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Approvals } from "./approvals/approvals.ts";
import type { Attention } from "./attention/attention.ts";
import type { Backups } from "./backup/backups.ts";
import type { BridgeConfig } from "./config.ts";
import type { Control } from "./control/control.ts";
import type { Monitoring } from "./monitoring/monitoring.ts";
import type { Pairings } from "./pairing/pairings.ts";
import type { Clearing, ResponseQuery } from "./receiving/responses.ts";
import type { RelayHub } from "./relay/relay.ts";
import { RunningBridge } from "./running-bridge.ts";
import type { Channel } from "./sessions/channel.ts";
import type { Todos } from "./tasks/todos.ts";

export type BridgeOptions = {
  readonly config: BridgeConfig;
  readonly logger: Logger;
  readonly audit: Pick<Audit, "record">;
  readonly registry: Registry;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  readonly version: string;
  /** Name of the process, such as the pod's. Default: bridge. */
  readonly instance?: string;
  /** Told when somebody asks for a restart: whoever runs the bridge closes it, and starts another one in its place. */
  readonly onRestart: () => void;
};

export type Bridge = {
  /** Where the HTTP API listens; "" when it does not. */
  readonly url: string;
  /** Resolves when the event's messages are on disk. Rejects with `RefusedError` when it cannot be taken now. */
  accept(event: Event): Promise<Accepted>;
  status(): BridgeStatus;
  /** Where an event of a client is, or of any client. Throws EVENT_NOT_FOUND; `RefusedError` when the queue cannot be read. */
  eventStatus(eventId: string, client: string | undefined): EventStatus;
  /** What people said, newest first. Throws `RefusedError` when it cannot be read. */
  responses(query: ResponseQuery): readonly Response[];
  /** How many there are, whatever the limit. Throws `RefusedError` when it cannot be read. */
  countResponses(query: ResponseQuery): number;
  /** Resolves with the number of deleted ones when that is on disk. Rejects with `RefusedError`. */
  clearResponses(clearing: Clearing): Promise<number>;
  /** What people are asked to decide. */
  readonly approvals: Approvals;
  /** What server pods say to each other, and what the bridge tells them. */
  readonly relay: RelayHub;
  /** Stops and resumes delivery, and asks for a restart. */
  readonly control: Control;
  /** Who wants to be disturbed by what. */
  readonly attention: Attention;
  /** What goes between people and sessions. */
  readonly channel: Channel;
  /** Who else may talk to the bot. */
  readonly pairings: Pairings;
  /** What clients have to do. */
  readonly todos: Todos;
  /** What people who operate it see. */
  readonly monitoring: Monitoring;
  /** Everything that has to be kept, as it is at one moment. */
  readonly backups: Backups;
  /** What keeps the bridge from being ready; empty when the queue is usable and Telegram reachable. */
  obstacles(): readonly string[];
  /** False when only a restart can help. */
  live(): boolean;
  /** Accepts nothing more, lets the requests under way end and closes the queue. */
  close(): Promise<void>;
};

/**
 * Opens the queue, goes on with what an earlier process left in it and listens. Rejects when the queue cannot be opened or
 * the port is taken; an unreachable Telegram or a wrong token only keeps it from being ready.
 */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const bridge = new RunningBridge(options, await outgoingFetch(options.config.telegram.proxy));
  try {
    await bridge.start();
  } catch (error) {
    await bridge.close();
    throw error;
  }
  return bridge;
}
