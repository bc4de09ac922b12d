import { randomBytes } from "node:crypto";
import { vi } from "vitest";
import type { ExposureProbe, ExposureTarget } from "../../../../operator/deployment/exposure/probe.ts";
import type { Review } from "../../../../operator/deployment/image/review.ts";
import type { Settings } from "../../../../operator/deployment/settings.ts";
import { type Client, createClient } from "../../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { createMetrics, type Metrics } from "../../../../operator/runtime/metrics.ts";
import { type ResourceType, resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { realClock, testKubeConfig } from "../../runtime/api-server.ts";
import { recordingLogger } from "../../runtime/recording-logger.ts";
import { namespaceType } from "../../runtime/samples.ts";
import { type Answers, answering, wellAnswers } from "./answers.ts";
import { Audit } from "./audit.ts";
import { type Account, chartAccount, clientWith, tokenOf } from "./chart-account.ts";
import { Kubelet } from "./kubelet.ts";
import { startOperator } from "./operator.ts";
import { throughServices } from "./services.ts";

export const minimalSpec = {
  profile: "Development",
  telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [123456789] },
  server: { auth: { clients: [{ name: "claude", permissions: ["*"] }] } },
  // One test installs the CRDs of the Prometheus operator, which all operators see.
  monitoring: { serviceMonitor: "Disabled", prometheusRule: "Disabled" },
};

/** Turns requests for all namespaces into requests for one, so that several operators can run at once. */
export function within(namespace: string, client: Client): Client {
  const scoped = (path: string) =>
    /\/(customresourcedefinitions|leases)$/.test(path)
      ? path
      : path.replace(/^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/([^/]+)$/, `$1/namespaces/${namespace}/$2`);
  return {
    get: (path, query) => client.get(path, query),
    list: (path, query) => client.list(scoped(path), query),
    request: (request) => client.request({ ...request, path: scoped(request.path) }),
    watch: (path, query, signal, accept) => client.watch(scoped(path), query, signal, accept),
    create: (type, object, options) => client.create(type, object, options),
    apply: (type, object, options) => client.apply(type, object, options),
    delete: (type, namespace, name, preconditions) => client.delete(type, namespace, name, preconditions),
  };
}

/** A namespace with an operator of its own, which has the account of a chart: its rights, and its admission policy. */
export class World {
  readonly namespace: string;
  readonly client: ReturnType<typeof createClient>;
  readonly audit: Audit;
  readonly answers: Answers = wellAnswers();
  readonly kubelet: Kubelet;
  readonly logger = recordingLogger();
  /** Can make single requests between operator and API server fail. */
  disturb: (client: Client) => Client = (client) => client;
  /** Options of the next operator. */
  settings: Settings = { serverImage: "docker.io/cctelegram/server:1.2.3" };
  /** By how many ms the clock of the next operator is ahead. */
  aheadMs = 0;
  /** What a client outside finds at a public address. */
  lookFromOutside: (target: ExposureTarget) => Promise<ExposureProbe> = async () => ({ answered: true });
  /** What is found when an image is looked up. Default: no registry answers. */
  reviewImage: Review | undefined;
  #token = "";
  #operator: { readonly metrics: Metrics; stop(): Promise<void> } | undefined;

  /** `prefix` starts the name of the namespace. */
  static async create(prefix: string, account: Account = chartAccount): Promise<World> {
    const world = new World(prefix);
    await world.#setUp(account);
    return world;
  }

  private constructor(prefix: string) {
    this.namespace = `${prefix}-${randomBytes(4).toString("hex")}`;
    this.client = createClient({ kubeConfig: testKubeConfig(), userAgent: `test/${this.namespace}` });
    this.audit = new Audit(this.client);
    this.kubelet = new Kubelet(this.client, this.namespace);
  }

  /** The user agent that identifies the operator's requests in the audit log. */
  get userAgent(): string {
    return `cctelegram-operator/${this.namespace}`;
  }

  async #setUp(account: Account): Promise<void> {
    const { namespace } = this;
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await this.post(namespaceType, { metadata: { name: namespace, labels } });
    this.#token = await tokenOf(this.client, account);
  }

  #operatorClient() {
    return clientWith(this.#token, this.userAgent);
  }

  /** Starts an operator that sees only this namespace. */
  async startOperator(): Promise<void> {
    const stop = new AbortController();
    const client = this.#operatorClient();
    const metrics = createMetrics();
    const { lead, close, reflectors } = startOperator({
      client: this.disturb(within(this.namespace, client)),
      logger: this.logger,
      metrics,
      clock: { ...realClock, now: () => realClock.now() + this.aheadMs },
      fetch: throughServices(this.client, answering(this.answers), () => realClock.now() + this.aheadMs),
      lookFromOutside: (target) => this.lookFromOutside(target),
      ...(this.reviewImage ? { reviewImage: this.reviewImage } : {}),
      instance: "operator-0",
      settings: this.settings,
      signal: stop.signal,
    });
    const leading = lead(stop.signal);
    this.#operator = {
      metrics,
      async stop() {
        stop.abort();
        await leading;
        await close();
        client.close();
      },
    };
    await Promise.all(reflectors.map((reflector) => reflector.synced));
  }

  async stopOperator(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  /** How many reconciles the running operator has finished. */
  async passes(): Promise<number> {
    const { values } = (await this.#operator?.metrics.reconciles.get()) ?? { values: [] };
    return values.reduce((sum, { value }) => sum + value, 0);
  }

  /** A new operator, which has listed everything and reconciled every resource. */
  async restartOperator(resources = 1): Promise<void> {
    await this.stopOperator();
    await this.startOperator();
    await vi.waitFor(async () => {
      if ((await this.passes()) < resources) throw new Error("the operator has not come to every resource yet");
    });
  }

  async dispose(): Promise<void> {
    await this.stopOperator();
    await this.kubelet.stop();
    await this.client.delete(namespaceType, "", this.namespace);
    this.client.close();
  }

  post(type: ResourceType, body: object): Promise<KubernetesObject> {
    return this.client.request({ method: "POST", path: resourcePath(type, { namespace: this.namespace }), body });
  }

  get<T = KubernetesObject>(type: ResourceType, name: string): Promise<T> {
    return this.client.get<T>(resourcePath(type, { namespace: this.namespace, name }));
  }

  patch(type: ResourceType, name: string, body: object, subresource?: string): Promise<KubernetesObject> {
    return this.client.request({
      method: "PATCH",
      path: resourcePath(type, { namespace: this.namespace, name, subresource }),
      query: { fieldManager: "a-person" },
      contentType: "application/merge-patch+json",
      body,
    });
  }

  delete(type: ResourceType, name: string): Promise<void> {
    return this.client.delete(type, this.namespace, name);
  }
}
