import { ServerError } from "../../contract/errors.ts";
import type { Message } from "./message.ts";
import type { Session } from "./session.ts";
import { batchingVersion } from "./versions.ts";

const largestBatch = 20;

/** Why several messages at once are refused; undefined when they may come (MCP 2025-03-26, Batching). */
export function batchProblem(values: readonly unknown[], session: Session | undefined): string | undefined {
  if (session === undefined) return `batches belong to sessions of MCP ${batchingVersion}; send one message a request`;
  if (session.version !== batchingVersion) return `MCP ${session.version} has no batches; send one message a request`;
  if (values.length === 0) return "the batch is empty";
  return values.length > largestBatch ? `a batch may have ${largestBatch} messages at most` : undefined;
}

/** The error of a message that must come alone. */
export function beginningInBatch(message: Message): ServerError | undefined {
  if (message.kind !== "request" || message.method !== "initialize") return undefined;
  return new ServerError("INVALID_REQUEST", { reason: "initialize must not be part of a batch" });
}
