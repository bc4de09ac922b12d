import type { ErrorEntry } from "../../../contract/error-catalogue.ts";

export type Errors = Readonly<Record<string, ErrorEntry>>;

/** A body of JSON in OpenAPI. */
export const json = (schema: object) => ({ "application/json": { schema } });

/** An answer that is as it should be. */
export const success = (description: string, schema: object) => ({ 200: { description, content: json(schema) } });

/** References to the answers with these statuses, and to what any other error is like. */
export function failures(...statuses: readonly number[]) {
  const named = statuses.map((status) => [`${status}`, reference(`Error${status}`)]);
  return { ...Object.fromEntries(named), default: reference("Error") };
}

/** An answer for each status that an error of the catalogue has, with the codes that it can have. */
export function errorResponses(errors: Errors) {
  const statuses = [...new Set(Object.values(errors).map(({ httpStatus }) => httpStatus))].toSorted((a, b) => a - b);
  const byStatus = statuses.map((status) => [`Error${status}`, errorResponse(codesOf(errors, status), status)]);
  return { Error: errorResponse("Any other error; `code` says which"), ...Object.fromEntries(byStatus) };
}

/** The body of every error. */
export function errorSchema(errors: Errors) {
  return {
    type: "object",
    required: ["error", "code", "message", "details", "timestamp", "request_id"],
    properties: {
      error: { const: true },
      code: { type: "string", enum: Object.keys(errors), description: "Stable. Messages may change" },
      message: { type: "string", description: "Says what to do" },
      details: { type: "object", description: "What the message is about, for programs" },
      timestamp: { type: "string", format: "date-time" },
      request_id: { type: "string", description: "Of the request, as in the server's log" },
    },
  };
}

const reference = (name: string) => ({ $ref: `#/components/responses/${name}` });

function codesOf(errors: Errors, status: number): string {
  const lines = Object.entries(errors).flatMap(([code, { httpStatus, message }]) =>
    httpStatus === status ? [`- \`${code}\`: ${message}`] : [],
  );
  return lines.join("\n");
}

function errorResponse(description: string, status?: number) {
  return {
    description,
    headers: { ...common, ...(status === undefined ? {} : headersOf[status]) },
    content: json({ $ref: "#/components/schemas/Error" }),
  };
}

const header = (description: string, type: "string" | "integer" = "string") => ({ description, schema: { type } });

const common = { "X-Request-Id": header("The same as `request_id`") };

const retryAfter = { "Retry-After": header("Seconds, when a time is known", "integer") };

const headersOf: Readonly<Record<number, object>> = {
  401: { "WWW-Authenticate": header("How to show a key") },
  405: { Allow: header("The methods of this path") },
  429: {
    ...retryAfter,
    "X-RateLimit-Limit": header("Requests in a window", "integer"),
    "X-RateLimit-Remaining": header("Requests that are left", "integer"),
    "X-RateLimit-Reset": header("When more are, in Unix seconds", "integer"),
    "X-RateLimit-Window": header("Seconds of a window", "integer"),
    "X-RateLimit-Global-Limit": header("Requests of all clients together in a window", "integer"),
    "X-RateLimit-Global-Remaining": header("Requests of them that this client may still make", "integer"),
    "X-RateLimit-Global-Reset": header("When more are, in Unix seconds", "integer"),
    "X-RateLimit-Tool-Limit": header("Calls of the tool in a window, if one was called", "integer"),
    "X-RateLimit-Tool-Remaining": header("Calls of the tool that are left", "integer"),
    "X-RateLimit-Tool-Reset": header("When more are, in Unix seconds", "integer"),
  },
  503: retryAfter,
};
