import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import type { Client } from "../access/client.ts";
import type { Relay } from "../bridge-client/relay.ts";
import { Cancellations } from "./cancellations.ts";
import type { Catalogue } from "./catalogue.ts";
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
  /** By which the processes of one bridge hear each other. */
  readonly relay: Relay;
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
  /** Begins to hear the other processes of the bridge; the returned function ends that. */
  readonly listen: () => () => void;
  /** Answers the requests that stay open to hear of changes, so that their clients turn to another process. */
  readonly endListens: () => void;
  /** Forgets what a session wanted to hear of. */
  readonly forget: (sessionKey: string) => void;
};

/** The protocol, once for a process, whichever transports it has. */
export function createMcpServer(options: McpServerOptions): McpServer {
  const { version, listeners, sealSecret, relay, clock, newId } = options;
  const sessions = createSessionIds({ secret: sealSecret, clock, newId });
  const peers = new Peers(relay, newId);
  const tasks = new Tasks({ clock, newId });
  const listens = new Listens();
  const parts = {
    logLevels: new LogLevels((session) => notices.recall(session)),
    subscriptions: new Subscriptions((sessionKey, message) => listeners.tell(sessionKey, message)),
    cancellations: new Cancellations(),
    clientRequests: new ClientRequests(newId),
    listens,
    tasks,
    sharedTasks: new SharedTasks(tasks, peers),
  };
  const notices: SessionNotices = new SessionNotices({ ...options, sessions, ...parts });
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
    listen() {
      const ends = [notices.listen(), peers.listen()];
      return () => {
        for (const end of ends) end();
      };
    },
    endListens: () => listens.end(),
    forget: (sessionKey) => parts.subscriptions.end(sessionKey),
  };
}
