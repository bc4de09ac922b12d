import { attachmentsProblem } from "./attachments.ts";
import { shapeProblem } from "./json-shape.ts";

/** Bounds of an event's `data` without its files. What people are shown of it is far less; the rest would only fill disks. */
const dataLimits = Object.freeze({ bytes: 16 * 1024, members: 100, depth: 20 });

/**
 * Why a value cannot be an event's `data`, as it stands in an error; undefined when it can.
 *
 * @example
 * ```ts
 * dataProblem({ status: "completed" }); // => undefined
 * dataProblem({ log: "x".repeat(20_000) }); // => it has 20010 bytes as JSON, more than 16384
 * ```
 */
export function dataProblem(data: Readonly<Record<string, unknown>>): string | undefined {
  const { attachments, ...rest } = data;
  const shape = shapeProblem(rest, dataLimits);
  if (shape !== undefined) return shape;
  const bytes = Buffer.byteLength(JSON.stringify(rest));
  if (bytes > dataLimits.bytes) return `it has ${bytes} bytes as JSON, more than ${dataLimits.bytes}`;
  return attachmentsProblem(attachments);
}
