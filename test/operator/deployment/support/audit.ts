import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { inject, vi } from "vitest";
import type { Client } from "../../../../operator/runtime/client.ts";

export type AuditedRequest = {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code: number };
};

/** The requests that the API server answered since this was created, from its audit log. */
export class Audit {
  readonly #client: Client;
  #from = statSync(inject("auditLog")).size;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Forgets what was answered until now. */
  async reset(): Promise<void> {
    await this.#flush();
    this.#from = statSync(inject("auditLog")).size;
  }

  /** All answered requests of one user agent, in order of their answers. */
  async requests(userAgent: string): Promise<AuditedRequest[]> {
    await this.#flush();
    return this.#lines()
      .filter((line) => line.includes(`"userAgent":"${userAgent}"`))
      .map((line) => JSON.parse(line) as AuditedRequest);
  }

  async writes(userAgent: string): Promise<AuditedRequest[]> {
    const reading = new Set(["get", "list", "watch"]);
    return (await this.requests(userAgent)).filter(({ verb }) => !reading.has(verb));
  }

  /** A request is logged a moment after its answer: a later request of ours shows that the log is complete up to there. */
  async #flush(): Promise<void> {
    const marker = `marker=${randomUUID()}`;
    await this.#client.get(`/version?${marker}`);
    await vi.waitFor(() => {
      if (!this.#lines().some((line) => line.includes(marker))) throw new Error("the audit log is behind");
    });
  }

  #lines(): string[] {
    const file = openSync(inject("auditLog"), "r");
    try {
      const text = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#from));
      readSync(file, text, 0, text.length, this.#from);
      return text.toString("utf8").split("\n");
    } finally {
      closeSync(file);
    }
  }
}

/** "patch services team-bridge", for messages that a person can read. */
export const describeRequest = ({ verb, objectRef, responseStatus }: AuditedRequest) =>
  [verb, objectRef?.resource, objectRef?.subresource, objectRef?.name, responseStatus?.code].filter(Boolean).join(" ");
