import { ServerError } from "../../contract/errors.ts";

/** JSON-RPC 2.0, without null (MCP, Requests). */
export type MessageId = string | number;

export type Params = Readonly<Record<string, unknown>>;

export type RequestMessage = {
  readonly kind: "request";
  readonly id: MessageId;
  readonly method: string;
  readonly params: Params;
};

export type NotificationMessage = { readonly kind: "notification"; readonly method: string; readonly params: Params };

/** The client's answer to a request of the server. */
export type ResponseMessage = {
  readonly kind: "response";
  readonly id: MessageId;
  readonly result?: Params;
  readonly error?: { readonly code: number; readonly message: string };
};

/** What is no message. It is answered under the id, when there is one. */
type Malformed = { readonly kind: "malformed"; readonly id: MessageId | undefined; readonly error: ServerError };

export type Message = RequestMessage | NotificationMessage | ResponseMessage | Malformed;

const none: Params = Object.freeze({});

/** Reads one message of a parsed JSON text. Never throws. */
export function readMessage(value: unknown): Message {
  if (!isObject(value)) return malformed(undefined, "a message is an object");
  const { jsonrpc, id, method, params = none } = value;
  const known = isId(id) ? id : undefined;
  if (jsonrpc !== "2.0") return malformed(known, 'jsonrpc must be "2.0"');
  if (id !== undefined && known === undefined) return malformed(undefined, "id must be a string or an integer");
  if (method === undefined) return readResponse(known, value);
  if (typeof method !== "string") return malformed(known, "method must be a string");
  if (!isObject(params)) return malformed(known, "params must be an object", "INVALID_PARAMS");
  return known === undefined
    ? { kind: "notification", method, params }
    : { kind: "request", id: known, method, params };
}

function readResponse(id: MessageId | undefined, { result, error }: Params): Message {
  if (id === undefined) return malformed(undefined, "a message has a method, or an id with a result or an error");
  if (isObject(result) && error === undefined) return { kind: "response", id, result };
  if (result !== undefined || !isObject(error)) return malformed(undefined, "a response has a result or an error");
  const { code, message } = error;
  if (!Number.isInteger(code) || typeof message !== "string")
    return malformed(undefined, "an error has a code and a message");
  return { kind: "response", id, error: { code: Number(code), message } };
}

/** Whether a value is an object that is no list. */
export function isObject(value: unknown): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const longestId = 1024;

function isId(id: unknown): id is MessageId {
  return typeof id === "string" ? id.length <= longestId : Number.isSafeInteger(id);
}

function malformed(id: MessageId | undefined, reason: string, code?: "INVALID_PARAMS"): Malformed {
  const error = code ? new ServerError(code, { problems: reason }) : new ServerError("INVALID_REQUEST", { reason });
  return { kind: "malformed", id, error };
}
