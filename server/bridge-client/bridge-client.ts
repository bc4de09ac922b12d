import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import type { Event } from "../../contract/event.ts";
import type { EventStatus } from "../../contract/event-status.ts";
import type { ClearQuery, ResponseQuery, Responses } from "../../contract/responses.ts";
import type { ApprovalCalls } from "./approvals.ts";
import type { AttentionClient } from "./attention.ts";
import type { ControlClient } from "./control.ts";
import type { MonitoringClient } from "./monitoring.ts";
import type { Relay } from "./relay.ts";
import type { SessionCalls } from "./sessions.ts";
import type { Todos } from "./todos.ts";

/** How the tools reach the bridge. Its methods throw only errors of the catalogue. */
export type BridgeClient = {
  /** Resolves when the bridge has the event on disk. Sending the same event again is harmless. */
  send(event: Event): Promise<Accepted>;
  status(): Promise<BridgeStatus>;
  /** Where an event of a client is; without a client it is anybody's. Throws EVENT_NOT_FOUND. */
  eventStatus(eventId: string, client: string | undefined): Promise<EventStatus>;
  /** What people said, newest first. */
  responses(query: ResponseQuery): Promise<Responses>;
  /** Deletes old responses. Resolves with their number; after a lost answer it is that of the last try. */
  clearResponses(query: ClearQuery): Promise<number>;
  /** What people are asked to decide. */
  readonly approvals: ApprovalCalls;
  /** What the servers of one bridge say to each other. */
  readonly relay: Relay;
  /** Whether the bridge delivers. */
  readonly control: ControlClient;
  /** Who wants to be disturbed by what. */
  readonly attention: AttentionClient;
  /** Sessions that people talk to. */
  readonly sessions: SessionCalls;
  readonly todos: Todos;
  /** What people who operate it see. */
  readonly monitoring: MonitoringClient;
  close(): Promise<void>;
};
