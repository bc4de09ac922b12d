import type { Status } from "./kubernetes-object.ts";

/**
 * The API server answered with an error. The message names method and path, never credentials.
 *
 * @example
 * ```ts
 * try {
 *   await client.get("/api/v1/namespaces/default/secrets/token");
 * } catch (error) {
 *   if (error instanceof ApiError && error.status === 403) logger.warn({ reason: error.reason }, error.message);
 *   else throw error;
 * }
 * ```
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** The machine-readable reason of the Status object ("NotFound", "Conflict"), or "Unknown". */
  readonly reason: string;
  readonly details: Status["details"];
  readonly retryAfterSeconds?: number;

  constructor(answer: {
    method: string;
    path: string;
    status: number;
    body?: Status | undefined;
    retryAfterSeconds?: number | undefined;
  }) {
    const { method, path, status, body } = answer;
    const reason = body?.reason || "Unknown";
    super(`${method} ${path} failed: ${status} ${reason}${body?.message ? `: ${body.message}` : ""}`);
    this.method = method;
    this.path = path;
    this.status = status;
    this.reason = reason;
    this.details = body?.details;
    const wait = answer.retryAfterSeconds ?? body?.details?.retryAfterSeconds;
    if (wait !== undefined) this.retryAfterSeconds = wait;
  }

  get causes(): NonNullable<NonNullable<Status["details"]>["causes"]> {
    return this.details?.causes ?? [];
  }
}

/**
 * There was no usable answer: connection refused or reset, timeout, broken JSON. `code` says which.
 *
 * @example
 * ```ts
 * const isRefused = (error: unknown) => error instanceof ConnectionError && error.code === "ECONNREFUSED";
 * ```
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: string;

  constructor(method: string, path: string, code: string, problem: string) {
    super(`${method} ${path} got no answer: ${problem} (${code})`);
    this.code = code;
  }
}

/**
 * There is no such object, or no such resource type.
 *
 * @example
 * ```ts
 * const secret = await client.get(path).catch((error: unknown) => {
 *   if (isNotFound(error)) return undefined;
 *   throw error;
 * });
 * ```
 */
export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);

/**
 * The object changed meanwhile, or exists already: read it again.
 *
 * @example
 * ```ts
 * const write = () => client.request({ method: "PUT", path, body: deployment });
 * await write().catch((error: unknown) => {
 *   if (!isConflict(error)) throw error; // else: read again, and decide again
 * });
 * ```
 */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409);

/**
 * The resourceVersion or the continue token is too old: list again.
 *
 * @example
 * ```ts
 * const page = await client.get(path, { continue: token }).catch((error: unknown) => {
 *   if (!isGone(error)) throw error;
 *   return client.get(path);
 * });
 * ```
 */
export const isGone = (error: unknown): boolean => hasStatus(error, 410);

/**
 * The server refuses a value of this field.
 *
 * @example
 * ```ts
 * const isOtherObject = (error: unknown) => isInvalid(error, "metadata.uid");
 * ```
 */
export const isInvalid = (error: unknown, field: string): boolean =>
  error instanceof ApiError && error.status === 422 && error.causes.some((cause) => cause.field === field);

/**
 * Nothing can be created any more in a namespace that is being deleted.
 *
 * @example
 * ```ts
 * await applier.apply(deployments, deployment, undefined).catch((error: unknown) => {
 *   if (!isNamespaceTerminating(error)) throw error;
 * });
 * ```
 */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof ApiError && error.causes.some(({ reason }) => reason === "NamespaceTerminating");

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}

/**
 * Errors that resuming a watch cannot fix: a version that is too old or not known yet, or a missing resource.
 *
 * @example
 * ```ts
 * try {
 *   for await (const event of client.watch(path, { resourceVersion: "100" }, signal)) logger.debug(event, "seen");
 * } catch (error) {
 *   if (needsList(error)) await client.list(path);
 * }
 * ```
 */
export function needsList(error: unknown): boolean {
  if (isGone(error) || isNotFound(error)) return true;
  return error instanceof ApiError && /too large resource version|resourceVersion: Invalid value/i.test(error.message);
}
