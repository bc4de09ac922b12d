import { closeSync, openSync, readSync } from "node:fs";
import { waitFor } from "../e2e/cluster/wait.ts";

/** One answered request, as the API server wrote it down. Times are milliseconds since the epoch. */
export type AuditEntry = {
  readonly agent: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly receivedAt: number;
  readonly answeredAt: number;
};

type AuditLine = {
  readonly stage: string;
  readonly verb: string;
  readonly objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  readonly responseStatus?: { code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
};

const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);

export const isWrite = ({ verb }: AuditEntry): boolean => writes.has(verb);
/** Lists and watches are renewed forever; they are counted apart. */
export const isRead = ({ verb }: AuditEntry): boolean => verb === "get";

/** What some user agents asked, in the order of the answers. A watch counts when it opens. */
export class AuditLog {
  readonly #file: number;
  readonly #agents: ReadonlyMap<string, RegExp>;
  #position = 0;
  #rest = Buffer.alloc(0);
  readonly #entries: AuditEntry[] = [];

  constructor(path: string, agents: readonly string[]) {
    this.#file = openSync(path, "r");
    // Programs in Go say "name/version (system) …".
    this.#agents = new Map(agents.map((agent) => [agent, new RegExp(`"userAgent":"${agent}["/]`)]));
  }

  /** All entries up to now. The API server writes an entry before it ends the answer. */
  entries(): readonly AuditEntry[] {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const length = readSync(this.#file, buffer, 0, buffer.length, this.#position);
      if (length === 0) return this.#entries;
      this.#position += length;
      this.#take(Buffer.concat([this.#rest, buffer.subarray(0, length)]));
    }
  }

  /** Forgets what was read so far. */
  clear(): void {
    this.entries();
    this.#entries.length = 0;
  }

  /** Waits until as many entries match. */
  wait(count: number, matches: (entry: AuditEntry) => boolean, what: string, timeoutMs = 300_000): Promise<boolean> {
    let seen = 0;
    let matched = 0;
    const look = () => {
      const entries = this.entries();
      for (; seen < entries.length; seen += 1) if (matches(entries[seen]!)) matched += 1;
      return matched >= count;
    };
    return waitFor(look, { what, timeoutMs, everyMs: 100 });
  }

  close(): void {
    closeSync(this.#file);
  }

  #take(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      this.#line(bytes.toString("utf8", start, end));
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
  }

  #line(text: string): void {
    // Most lines are the control plane's own: they are not worth being parsed.
    const agent = [...this.#agents].find(([, pattern]) => pattern.test(text))?.[0];
    if (agent === undefined) return;
    const line = JSON.parse(text) as AuditLine;
    if (line.stage !== (line.verb === "watch" ? "ResponseStarted" : "ResponseComplete")) return;
    this.#entries.push({
      agent,
      verb: line.verb,
      resource: line.objectRef?.resource ?? "",
      subresource: line.objectRef?.subresource ?? "",
      namespace: line.objectRef?.namespace ?? "",
      name: line.objectRef?.name ?? "",
      code: line.responseStatus?.code ?? 0,
      receivedAt: milliseconds(line.requestReceivedTimestamp),
      answeredAt: milliseconds(line.stageTimestamp),
    });
  }
}

/** Date.parse drops the microseconds. */
function milliseconds(time: string): number {
  const [, fraction = ""] = /\.(\d+)Z$/.exec(time) ?? [];
  return Date.parse(time.replace(/\.\d+Z$/, "Z")) + Number(`0.${fraction || "0"}`) * 1000;
}
