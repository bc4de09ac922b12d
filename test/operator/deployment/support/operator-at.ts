import { randomBytes } from "node:crypto";
import { onTestFinished } from "vitest";
import type { OperatorConfig } from "../../../../operator/config.ts";
import { createLeadership } from "../../../../operator/leadership.ts";
import { ConnectionError } from "../../../../operator/runtime/api-error.ts";
import { type Client, createClient } from "../../../../operator/runtime/client.ts";
import { fencedClient } from "../../../../operator/runtime/fenced-client.ts";
import { createMetrics } from "../../../../operator/runtime/metrics.ts";
import { realClock, testKubeConfig } from "../../runtime/api-server.ts";
import { recordingLogger } from "../../runtime/recording-logger.ts";
import { answering, wellAnswers } from "./answers.ts";
import { clientWith } from "./chart-account.ts";
import { startOperator } from "./operator.ts";

type Options = Partial<Pick<OperatorConfig, "WATCH_NAMESPACES" | "LEADER_ELECTION">> & {
  readonly POD_NAMESPACE: string;
  /** The image that shows which operator created the children. */
  readonly SERVER_IMAGE?: string;
  /** Token of its account. Default: an administrator's certificate. */
  readonly token?: string;
  /** Limits what it sees of the cluster. Default: everything. */
  readonly view?: (client: Client) => Client;
};

/** An operator as main.ts wires it, which waits for the leadership, works, and can be killed. */
export function startOperatorAt(options: Options) {
  const userAgent = `cctelegram-operator/${options.POD_NAMESPACE}-${randomBytes(4).toString("hex")}`;
  const own = options.token
    ? clientWith(options.token, userAgent)
    : createClient({ kubeConfig: testKubeConfig(), userAgent });
  const network = { isUp: true };
  const client = cuttable((options.view ?? ((all) => all))(own), network);
  const [logger, metrics, stop] = [recordingLogger(), createMetrics(), new AbortController()];
  const shared = { client, clock: realClock, random: Math.random, logger, metrics };
  const config = { WATCH_NAMESPACES: [], LEADER_ELECTION: true, ...options };
  const leadership = createLeadership({
    ...shared,
    config,
    identity: userAgent,
    onClaim: (namespace) => controller.reconsider(namespace),
  });
  const controller = startOperator({
    ...shared,
    client: fencedClient(client, leadership.mayWrite),
    fetch: answering(wellAnswers()),
    lookFromOutside: async () => ({ answered: true }),
    instance: "operator-0",
    settings: { serverImage: options.SERVER_IMAGE ?? "docker.io/cctelegram/server:1" },
    watchNamespaces: config.WATCH_NAMESPACES,
    claimant: leadership.claimant,
    signal: stop.signal,
  });
  const state = { leads: false };
  const ended = leadership.run(async (signal) => {
    state.leads = true;
    await controller.lead(signal);
    state.leads = false;
  }, stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
    await controller.close();
    own.close();
  };
  onTestFinished(end);
  return {
    userAgent,
    logger,
    /** How it ended: "stopped", or "lost" when somebody else leads. */
    ended,
    get leads() {
      return state.leads;
    },
    stop: end,
    /** Drops all its requests from now on, as if its machine had failed. */
    kill: () => {
      network.isUp = false;
    },
  };
}

function cuttable(client: Client, network: { readonly isUp: boolean }): Client {
  const reached = (path: string) => {
    if (network.isUp) return client;
    throw new ConnectionError("GET", path, "EHOSTUNREACH", "the machine is gone");
  };
  return {
    get: async (path, query) => reached(path).get(path, query),
    list: async (path, query) => reached(path).list(path, query),
    request: async (request) => reached(request.path).request(request),
    watch: (path, query, signal, accept) => reached(path).watch(path, query, signal, accept),
    create: async (type, object, options) => reached(type.plural).create(type, object, options),
    apply: async (type, object, options) => reached(type.plural).apply(type, object, options),
    delete: async (type, ...rest) => reached(type.plural).delete(type, ...rest),
  };
}
