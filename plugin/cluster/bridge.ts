import * as z from "zod";
import type { Approval, ApprovalQuery } from "../../contract/approvals.ts";
import { approvalPath, approvalSchema, approvalsPath, approvalsSchema } from "../../contract/approvals.ts";
import { type BridgeStatus, bridgeStatusSchema } from "../../contract/bridge-status.ts";
import { type Controlled, controlledSchema } from "../../contract/control.ts";
import {
  type DeadLetterAnswer,
  type DeadLetterFate,
  type DeadLetterQuery,
  type DeadLetters,
  deadLetterAnswerSchema,
  deadLetterRoutes,
  deadLettersPath,
  deadLettersSchema,
} from "../../contract/dead-letters.ts";
import { type EventStatus, eventPath, eventStatusSchema } from "../../contract/event-status.ts";
import { type BridgeTelling, bridgeTellingSchema } from "../../contract/monitoring-servers.ts";
import { ports } from "../../contract/ports.ts";
import { liftedBanTopic, publishedSchema } from "../../contract/relay.ts";
import { routes } from "../../contract/routes.ts";
import { type Paired, pairedSchema } from "../../contract/sessions.ts";
import { signedHeaders } from "../../contract/signature.ts";
import { namesOf } from "../../operator/deployment/names.ts";
import { exitCodes } from "../exit-codes.ts";
import { problems } from "../problems.ts";
import type { Cluster } from "./cluster.ts";
import { type Answer, callOver } from "./http.ts";
import { nameOf, namespaceOf, type Resource, secretValue } from "./resources.ts";
import { runningPod } from "./running-pod.ts";

type BridgeCall<T> = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly schema: z.ZodType<T>;
};

const timeoutMs = 15_000;

/** The bridge of a resource: its signed routes, with the HMAC secret that the user may read. */
export class Bridge {
  readonly #cluster: Cluster;
  readonly #resource: Resource;
  /** Who asks, as it stands in the bridge's journal. */
  readonly #by: string;
  #secret: Promise<string> | undefined;

  constructor(cluster: Cluster, resource: Resource) {
    this.#cluster = cluster;
    this.#resource = resource;
    this.#by = `kubectl (${cluster.api.user})`.slice(0, 100);
  }

  status(): Promise<BridgeStatus> {
    return this.#call({ method: "GET", path: routes.status, schema: bridgeStatusSchema() });
  }

  monitoring(): Promise<BridgeTelling> {
    return this.#call({ method: "GET", path: routes.bridgeMonitoring, schema: bridgeTellingSchema });
  }

  control(): Promise<Controlled> {
    return this.#call({ method: "GET", path: routes.control, schema: controlledSchema });
  }

  pause(): Promise<Controlled> {
    return this.#post(routes.pauseDelivery, { client: this.#by }, controlledSchema);
  }

  resume(): Promise<Controlled> {
    return this.#post(routes.resumeDelivery, { client: this.#by }, controlledSchema);
  }

  deadLetters(query: DeadLetterQuery): Promise<DeadLetters> {
    return this.#call({ method: "GET", path: deadLettersPath(query), schema: deadLettersSchema });
  }

  settle(fate: DeadLetterFate, id: string): Promise<DeadLetterAnswer> {
    const path = deadLetterRoutes.any[fate].replace(":id", encodeURIComponent(id));
    return this.#post(path, { client: this.#by }, deadLetterAnswerSchema);
  }

  /** Tells all servers to end the bans of an address. */
  async liftBan(address: string): Promise<void> {
    const text = JSON.stringify({ address, by: this.#by });
    await this.#post(routes.publish, { topic: liftedBanTopic, text }, publishedSchema);
  }

  async approvals(query: ApprovalQuery): Promise<readonly Approval[]> {
    return (await this.#call({ method: "GET", path: approvalsPath(query), schema: approvalsSchema })).approvals;
  }

  approval(id: string): Promise<Approval> {
    return this.#call({ method: "GET", path: approvalPath(id, undefined), schema: approvalSchema });
  }

  withdraw(id: string): Promise<Approval> {
    return this.#call({ method: "DELETE", path: approvalPath(id, undefined), schema: approvalSchema });
  }

  /** Lets in whoever was told the code. */
  pair(code: string): Promise<Paired> {
    return this.#post(routes.pair, { client: this.#by, code }, pairedSchema);
  }

  event(id: string): Promise<EventStatus> {
    return this.#call({ method: "GET", path: eventPath(id, undefined), schema: eventStatusSchema });
  }

  #post<T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> {
    return this.#call({ method: "POST", path, body, schema });
  }

  async #call<T>({ method, path, body, schema }: BridgeCall<T>): Promise<T> {
    const { api, dial, now, signal } = this.#cluster;
    const namespace = namespaceOf(this.#resource);
    this.#secret ??= secretValue(api, namespace, namesOf(nameOf(this.#resource)).hmac, "secret");
    const secret = await this.#secret;
    const pod = await runningPod(api, this.#resource, "bridge");
    const text = body === undefined ? "" : JSON.stringify(body);
    const timestampSeconds = Math.floor(now() / 1000);
    const headers = {
      "content-type": "application/json",
      ...signedHeaders(secret, { method, path, timestampSeconds, body: text }),
    };
    const stream = await dial({ namespace, pod, port: ports.bridge });
    return read(await callOver(stream, "bridge", { method, path, headers, body: text, timeoutMs, signal }), schema);
  }
}

function read<T>({ status, text }: Answer, schema: z.ZodType<T>): T {
  const body = jsonOf(text);
  if (status >= 400) {
    const { message, code } = z
      .object({ message: z.string(), code: z.string().optional() })
      .catch({ message: `HTTP ${status}` })
      .parse(body);
    if (code === "PAIRING_CODE_UNKNOWN") throw problems.pairingCodeUnknown();
    throw problems.partRefuses("bridge", message, status === 404 ? exitCodes.notFound : exitCodes.failed);
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw problems.partSilent("bridge", "its answer is none that this command knows");
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
