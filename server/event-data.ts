import { z } from "zod";

/** What the details of an event may be: enough for what people read, too little to fill a disk or to keep a core busy. */
export const dataLimits = Object.freeze({ bytes: 16 * 1024, keys: 100, depth: 8 });

/** An event's `data`: an object within the limits, looked at before anything walks through it recursively. */
export const eventData = z
  .custom<Record<string, unknown>>(isObject, "expected an object")
  .superRefine((data, context) => {
    const problem = dataProblem(data);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

/** What is too much in some details, or undefined. It stops at the first limit, however large the rest is. */
export function dataProblem(data: unknown): string | undefined {
  const left: Node[] = [{ value: data, depth: 1 }];
  const tally = { bytes: 0, keys: 0 };
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    const { value, depth } = node;
    count(value, tally);
    if (tally.bytes > dataLimits.bytes) return `may have ${dataLimits.bytes} bytes`;
    if (tally.keys > dataLimits.keys) return `may have ${dataLimits.keys} keys, those inside counted`;
    if (!isCollection(value)) continue;
    if (depth > dataLimits.depth) return `may be nested ${dataLimits.depth} deep`;
    for (const inner of Object.values(value)) left.push({ value: inner, depth: depth + 1 });
  }
  return undefined;
}

type Node = { readonly value: unknown; readonly depth: number };

/** Adds a value without what is inside of it: that has its own turn, and no recursion for a deep one to exhaust. */
function count(value: unknown, tally: { bytes: number; keys: number }): void {
  tally.bytes += ownBytes(value);
  if (Array.isArray(value)) tally.bytes += value.length;
  else if (isCollection(value)) {
    for (const key of Object.keys(value)) {
      tally.keys += 1;
      tally.bytes += Buffer.byteLength(key) + 4;
    }
  }
}

/** Bytes of a value in JSON without what is inside of it; escapes count as what they stand for. */
function ownBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + 2;
  return isCollection(value) ? 2 : String(value).length;
}

function isCollection(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isObject(value: unknown): boolean {
  return isCollection(value) && !Array.isArray(value);
}
