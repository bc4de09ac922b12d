import type { IncomingHttpHeaders } from "node:http";
import { ServerError } from "../../../../contract/errors.ts";
import type { ListedTool } from "../../../tools/tool-listing.ts";
import { metaKeys, metaOf } from "../../eras/stateless.ts";
import { isObject, type Params, type RequestMessage } from "../../message.ts";

/** Methods whose subject is in `Mcp-Name`, and the parameter that it repeats. */
const subjects: ReadonlyMap<string, "name" | "uri" | "taskId"> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
]);

/**
 * Compares the headers that repeat parts of a message with the message (MCP 2026-07-28, Server Validation), so that
 * nobody on the way acts on other values than the server. Throws HEADER_MISMATCH.
 */
export function verifyMirrors(
  { method, params }: RequestMessage,
  headers: IncomingHttpHeaders,
  toolNamed: (name: string) => ListedTool | undefined,
): void {
  compare("MCP-Protocol-Version", headers["mcp-protocol-version"], metaOf(params)[metaKeys.version]);
  compare("Mcp-Method", headers["mcp-method"], method);
  const subject = subjects.get(method);
  if (subject === undefined) return;
  compare("Mcp-Name", decoded("Mcp-Name", headers["mcp-name"]), params[subject]);
  if (method !== "tools/call" || typeof params.name !== "string") return;
  const tool = toolNamed(params.name);
  if (tool !== undefined) compareParameters(tool, params, headers);
}

/** The headers that repeat parts of a request, for whoever sends it; those of a tool's parameters if its input schema is known. */
export function mirrorsOf(
  { method, params }: RequestMessage,
  inputSchema: object = {},
): Readonly<Record<string, string>> {
  const subject = subjects.get(method);
  const named = subject === undefined ? undefined : params[subject];
  return {
    "mcp-protocol-version": String(metaOf(params)[metaKeys.version]),
    "mcp-method": method,
    ...(typeof named === "string" && { "mcp-name": headerValueOf(named) }),
    ...Object.fromEntries(parameterMirrorsOf(inputSchema, params.arguments)),
  };
}

function* parameterMirrorsOf(inputSchema: object, args: unknown): Generator<[name: string, value: string]> {
  for (const { header, path } of mirroredIn(inputSchema, [])) {
    const value = valueAt(path, args);
    const isShown = ["string", "number", "boolean"].includes(typeof value) && isToken(header);
    if (isShown) yield [`mcp-param-${header.toLowerCase()}`, headerValueOf(String(value))];
  }
}

const valueAt = (path: readonly string[], args: unknown) =>
  path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), args);

/** What the name of a header may be (RFC 9110, 5.6.2). */
const isToken = (name: unknown): name is string => typeof name === "string" && /^[!#$%&'*+.^_`|~\w-]+$/.test(name);

function headerValueOf(text: string): string {
  const isPlain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !encoded.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

type HeaderValue = string | readonly string[] | undefined;

function compare(name: string, shown: HeaderValue, value: unknown): void {
  if (shown === undefined) throw mismatch(`the header ${name} is missing`);
  if (shown !== value) throw mismatch(`${name} is not what the body says`);
}

/** A parameter that a tool wants to have repeated in `Mcp-Param-<header>`, and the way to it. */
type Mirrored = { readonly header: string; readonly path: readonly string[] };

const mirroredOf = new WeakMap<ListedTool, readonly Mirrored[]>();

function compareParameters(tool: ListedTool, { arguments: args }: Params, headers: IncomingHttpHeaders): void {
  const mirrored = mirroredOf.get(tool) ?? [...mirroredIn(tool.inputSchema, [])];
  mirroredOf.set(tool, mirrored);
  for (const { header, path } of mirrored) {
    const name = `Mcp-Param-${header}`;
    const shown = decoded(name, headers[name.toLowerCase()]);
    const value = valueAt(path, args);
    if (value === undefined || value === null) {
      if (shown !== undefined) throw mismatch(`${name} has a value, and the body has none`);
    } else if (shown === undefined) throw mismatch(`the header ${name} is missing`);
    else if (!isSame(shown, value)) throw mismatch(`${name} is not what the body says`);
  }
}

function* mirroredIn(schema: object, path: readonly string[]): Generator<Mirrored> {
  const { properties } = schema as { properties?: Readonly<Record<string, { "x-mcp-header"?: string }>> };
  for (const [name, property] of Object.entries(properties ?? {})) {
    const header = property["x-mcp-header"];
    if (header !== undefined) yield { header, path: [...path, name] };
    yield* mirroredIn(property, [...path, name]);
  }
}

/** Integers are compared as numbers: 42.0 is 42. */
function isSame(shown: string, value: unknown): boolean {
  if (typeof value === "number") return shown.trim() !== "" && Number(shown) === value;
  return shown === String(value);
}

const encoded = /^=\?base64\?(.*)\?=$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The value of a header that may be in Base64 (MCP 2026-07-28, Value Encoding). */
function decoded(name: string, shown: HeaderValue): string | undefined {
  if (shown === undefined) return undefined;
  if (typeof shown !== "string") throw mismatch(`${name} came more than once`);
  const [, text] = encoded.exec(shown) ?? [];
  if (text === undefined) {
    if (/[^\x20-\x7e\t]/.test(shown)) throw mismatch(`${name} holds characters that a header cannot have`);
    return shown;
  }
  if (!base64.test(text)) throw mismatch(`${name} is no valid Base64`);
  return Buffer.from(text, "base64").toString();
}

function mismatch(problem: string): ServerError {
  return new ServerError("HEADER_MISMATCH", { problem });
}
