import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import type { Client } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { Cancellations } from "./cancellations.ts";
import type { Catalogue } from "./catalogue.ts";
import { Channels } from "./channel/channels.ts";
import type { PumpTimes, PushEnding } from "./channel/pump.ts";
import { SessionNames } from "./channel/session-names.ts";
import { ClientRequests } from "./client-requests.ts";
import { createDispatcher, type Dispatcher } from "./dispatcher.ts";
import { Listens } from "./listens.ts";
import { LogLevels } from "./log-levels.ts";
import type { RequestLogger } from "./method.ts";
import { methods } from "./methods/registry.ts";
import { Peers } from "./peers.ts";
import { createRequestStates } from "./request-state.ts";
import { createSeal } from "./seal.ts";
import { serverFacts } from "./server-info.ts";
import { createSessionIds, type SessionIds } from "./session-id.ts";
import type { SessionListeners } from "./session-listeners.ts";
import { SessionNotices } from "./session-notices.ts";
import { Subscriptions } from "./subscriptions.ts";
import { SharedTasks } from "./tasks/shared-tasks.ts";
import { Tasks } from "./tasks/tasks.ts";

export type McpServerOptions = {
  readonly version: string;
  readonly catalogueOf: (client: Client) => Catalogue;
  readonly listeners: SessionListeners;
  /** What seals states that clients bring back, and sessions where there are no keys. */
  readonly sealSecret: string | SigningSecrets;
  /** By its relay its processes hear each other; it knows the sessions that people talk to. */
  readonly bridge: Pick<BridgeClient, "relay" | "sessions">;
  /** Told what became of what was handed over to channels. */
  readonly onChannelEvents: (ending: PushEnding, count: number) => void;
  readonly channelTimes?: PumpTimes;
  readonly log: RequestLogger;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/** What transports need of the protocol. */
export type McpServer = {
  readonly dispatcher: Dispatcher;
  readonly sessions: SessionIds;
  readonly notices: SessionNotices;
  readonly peers: Peers;
  readonly channels: Channels;
  /** Begins to hear the other processes of the bridge; the returned function ends that. */
  readonly listen: () => () => void;
  /** Answers the requests that stay open to hear of changes, so that their clients turn to another process. */
  readonly endListens: () => void;
  /** Forgets what a session wanted to hear of. */
  readonly forget: (sessionKey: string) => void;
};

/** The protocol, once for a process, whichever transports it has. */
export function createMcpServer(options: McpServerOptions): McpServer {
  const { version, listeners, sealSecret, bridge, clock, newId, log, channelTimes } = options;
  const { relay } = bridge;
  const sessions = createSessionIds({ secret: sealSecret, clock, newId });
  const peers = new Peers(relay, newId);
  const tasks = new Tasks({ clock, newId });
  const listens = new Listens();
  const clientRequests = new ClientRequests(newId);
  const names = new SessionNames((session) => notices.recall(session));
  const channels = new Channels({
    ...bridge,
    names,
    clientRequests,
    onSettled: options.onChannelEvents,
    log,
    ...(channelTimes && { times: channelTimes }),
  });
  const parts = {
    logLevels: new LogLevels((session) => notices.recall(session)),
    subscriptions: new Subscriptions((sessionKey, message) => listeners.tell(sessionKey, message)),
    cancellations: new Cancellations(),
    clientRequests,
    names,
    channels,
    listens,
    tasks,
    sharedTasks: new SharedTasks(tasks, peers),
  };
  const notices: SessionNotices = new SessionNotices({ ...options, relay, sessions, ...parts });
  const dispatcher = createDispatcher({
    ...options,
    server: serverFacts(version, methods),
    requestStates: createRequestStates(createSeal(sealSecret, "request state"), clock),
    notices,
    ...parts,
  });
  return {
    dispatcher,
    sessions,
    notices,
    peers,
    channels,
    listen() {
      const ends = [notices.listen(), peers.listen(), channels.listen()];
      return () => {
        for (const end of ends) end();
      };
    },
    endListens: () => listens.end(),
    forget: (sessionKey) => parts.subscriptions.end(sessionKey),
  };
}
