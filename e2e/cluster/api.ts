import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** An answer of the API server other than 2xx. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

type Manifest = { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } };

const REQUEST_TIMEOUT_MS = 10_000;
const CONTENT_TYPES = { POST: "application/json", PUT: "application/json", PATCH: "application/apply-patch+yaml" };

/** The few requests of the cluster's own parts, sent directly to the API server. */
export class Api {
  readonly #server: string;
  readonly #agent: Agent;

  /** `user` is the file name of a certificate in the PKI folder, without its ending. */
  constructor(server: string, pki: string, user: string) {
    this.#server = server;
    const read = (file: string) => readFileSync(join(pki, file));
    this.#agent = new Agent({
      keepAlive: true,
      ca: read("ca.crt"),
      cert: read(`${user}.crt`),
      key: read(`${user}.key`),
    });
  }

  async request<T = unknown>(method: Method, path: string, body?: unknown): Promise<T> {
    const response = await this.#open(method, path, body, REQUEST_TIMEOUT_MS);
    const text = await readAll(response);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new ApiError(status, `${method} ${path}: ${status} ${text.slice(0, 500)}`);
    return (text.startsWith("{") ? JSON.parse(text) : text) as T;
  }

  /** Creates or updates an object by server-side apply; `collection` is the path without the name. */
  apply(collection: string, manifest: Manifest): Promise<unknown> {
    return this.request(
      "PATCH",
      `${collection}/${manifest.metadata.name}?fieldManager=cctelegram-cluster&force=true`,
      manifest,
    );
  }

  /** Yields the events of a watch until the server ends it. */
  async *watch<T>(path: string): AsyncGenerator<{ type: string; object: T }> {
    const response = await this.#open("GET", path, undefined, 0);
    if (response.statusCode !== 200) {
      throw new ApiError(response.statusCode ?? 0, `GET ${path}: ${response.statusCode} ${await readAll(response)}`);
    }
    for await (const line of createInterface({ input: response })) yield JSON.parse(line);
  }

  /** Whether the API server answers that it is ready. */
  async isReady(): Promise<boolean> {
    return this.request("GET", "/readyz").then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(method: Method, path: string, body: unknown, timeout: number): Promise<IncomingMessage> {
    const headers = body === undefined ? {} : { "content-type": CONTENT_TYPES[method as keyof typeof CONTENT_TYPES] };
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, this.#server), { method, headers, agent: this.#agent, timeout }, resolve);
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer within ${timeout / 1000} s`)));
      call.on("error", reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}
