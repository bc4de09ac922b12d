import type { Caller, Origin } from "../access/access.ts";
import type { Interaction } from "../features/interaction.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Listens } from "./listens.ts";
import type { MessageId, Params } from "./message.ts";
import type { ServerFacts } from "./server-info.ts";
import type { Agreed, ClientCapabilities, Session } from "./session.ts";
import type { SessionNotices } from "./session-notices.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { SharedTasks } from "./tasks/shared-tasks.ts";

/** How a revision begins: with `initialize`, or not at all. */
export type EraName = "handshake" | "stateless";

/** Loggers that know the request. */
export type RequestLogger = Readonly<
  Record<"debug" | "info" | "warn" | "error", (details: object, message?: string) => void>
>;

/** What a method may use beside its parameters. */
export type MethodContext = {
  /** Of the request. */
  readonly id: MessageId;
  readonly caller: Caller;
  readonly origin: Origin;
  /** The revision that the request follows. */
  readonly version: string;
  readonly capabilities: ClientCapabilities;
  readonly server: ServerFacts;
  /** What the caller may see and use. */
  readonly catalogue: Catalogue;
  readonly interaction: Interaction;
  readonly log: RequestLogger;
  /** Of the connection, or of the id that the client showed; undefined in revisions without sessions. */
  readonly session: Session | undefined;
  readonly subscriptions: Subscriptions;
  readonly sharedTasks: SharedTasks;
  readonly listens: Listens;
  readonly notices: SessionNotices;
  /** Sends a message that belongs to the request, before its answer. False when the client does not take it. */
  send(message: object): boolean;
  /** Says that the request stays open until somebody ends it, and that it counts among those of its kind. */
  stay(): void;
  /** The name under which the client asks to be a channel; undefined when it does not, or may not. Throws INVALID_PARAMS. */
  channelName(): string | undefined;
  /** Begins a session; only for `initialize`. */
  begin(agreed: Agreed): void;
};

/** What a server declares about itself because it has a method (MCP schema, ServerCapabilities). */
export type ServerCapabilities = Readonly<Record<string, object>>;

/** How long, and for whom, a result stays right (MCP 2026-07-28, Caching). */
type Caching = { readonly ttlMs: number; readonly cacheScope: "public" | "private" };

/** A method of the protocol, on every transport. */
export type Method = {
  readonly name: string;
  readonly eras: readonly EraName[];
  readonly capabilities?: ServerCapabilities;
  readonly caching?: Caching;
  /** Checks the parameters and answers. Throws errors of the catalogue. */
  answer(params: Params, context: MethodContext): object | Promise<object>;
};
