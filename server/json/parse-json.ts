import { ServerError } from "../../contract/errors.ts";
import type { ShapeLimits } from "../../contract/json-shape.ts";

/** What one message, or the body of one request, may hold: more than any event needs. */
const messageShape: ShapeLimits = { depth: 64, members: 20_000 };

export type ParsedJson = {
  readonly value: unknown;
  /** Why nobody should work with the value; an answer may still need the id that is in it. */
  readonly problem?: string;
};

const BYTE_ORDER_MARK = 0xfeff;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * Parses a text that anybody may have written. A name that stands twice in an object is refused, because two readers may
 * take different ones (RFC 7493, 2.3). Throws MALFORMED_JSON.
 */
export function parseJson(text: string, limits: ShapeLimits = messageShape): ParsedJson {
  // Some clients begin with a byte order mark, which RFC 8259 (8.1) lets parsers ignore.
  const json = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  const value = parse(json);
  if (typeof value !== "object" || value === null) return { value };
  const { depth, names } = outline(json);
  if (depth > limits.depth) return { value, problem: `it is nested more than ${limits.depth} levels deep` };
  const content: Content = { names: 0, members: 0, hasProto: false };
  count(value, content);
  if (content.names !== names) throw malformed("an object has a name twice");
  if (content.hasProto) return { value, problem: "it has a member named __proto__" };
  if (content.members > limits.members) return { value, problem: `it holds more than ${limits.members} members` };
  return { value };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    // The parser's message quotes the text, which is the client's own.
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

function malformed(reason: string): ServerError {
  return new ServerError("MALFORMED_JSON", { reason });
}

/** Levels and names of a text that is valid JSON. */
function outline(json: string): { depth: number; names: number } {
  let level = 0;
  let depth = 0;
  let names = 0;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(json, at);
    else if (unit === COLON) names += 1;
    // { and [ are }, and ], without the bit 0x02 more.
    else if ((unit | 0x20) === 0x7b) depth = Math.max(depth, ++level);
    else if ((unit | 0x20) === 0x7d) level -= 1;
  }
  return { depth, names };
}

/** The position of the quote that ends the string which begins at a position. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

function isEscaped(json: string, at: number): boolean {
  let before = at - 1;
  while (json.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

type Content = { names: number; members: number; hasProto: boolean };

/** Adds up what a value holds. The caller has made sure that it is not too deep for recursion. */
function count(value: object, content: Content): void {
  if (Array.isArray(value)) {
    content.members += value.length;
    for (const item of value) if (typeof item === "object" && item !== null) count(item, content);
    return;
  }
  for (const name of Object.keys(value)) {
    content.names += 1;
    content.members += 1;
    if (name === "__proto__") content.hasProto = true;
    const member = (value as Record<string, unknown>)[name];
    if (typeof member === "object" && member !== null) count(member, content);
  }
}
