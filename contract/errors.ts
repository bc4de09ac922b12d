import {
  type BackupErrorCode,
  type BridgeErrorCode,
  backupErrors,
  type ErrorCode,
  type ErrorDetails,
  type ErrorEntry,
  errors,
} from "./error-catalogue.ts";

/**
 * An error of the catalogue, as the server answers it. `details` fill the message and are shown to the client: never put
 * secrets there.
 *
 * @example
 * ```ts
 * const error = new ServerError("UNKNOWN_TOOL", { tool: "send_pigeon" });
 * error.message; // => Unknown tool: send_pigeon
 * error.entry.httpStatus; // => 404
 * ```
 */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(fill(errors[code].message, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  get entry(): ErrorEntry {
    return errors[this.code];
  }
}

/**
 * Anything that was thrown, as an error of the catalogue; what is unknown becomes INTERNAL_ERROR without its text.
 *
 * @example
 * ```ts
 * toServerError(new Error("the password is hunter2")).code; // => INTERNAL_ERROR
 * ```
 */
export function toServerError(thrown: unknown): ServerError {
  return thrown instanceof ServerError ? thrown : new ServerError("INTERNAL_ERROR", {}, thrown);
}

/** The body of an error of the bridge. `reason` and `fields` are there for some codes. */
export type BridgeErrorBody = {
  readonly error: true;
  readonly code: BridgeErrorCode;
  readonly message: string;
  readonly [detail: string]: unknown;
};

/**
 * The message of an error as the bridge answers it.
 *
 * @example
 * ```ts
 * bridgeMessage("PAYLOAD_TOO_LARGE", { limit: "256 KiB" }); // => A request may have 256 KiB.
 * ```
 */
export function bridgeMessage(code: BridgeErrorCode, details: ErrorDetails = {}): string {
  return fill(errors[code].bridgeMessage, details);
}

/**
 * The message of an error of the roles `backup` and `restore`.
 *
 * @example
 * ```ts
 * backupMessage("BACKUP_STORE_FAILED", { endpoint: "s3.example.com", reason: "it is busy" }); // => The store at s3.example.com failed: it is busy.
 * ```
 */
export function backupMessage(code: BackupErrorCode, details: ErrorDetails = {}): string {
  return fill(backupErrors[code].message, details);
}

/**
 * Whether the bridge answers with a code.
 *
 * @example
 * ```ts
 * isBridgeCode("EVENT_NOT_FOUND"); // => true
 * isBridgeCode("UNKNOWN_TOOL"); // => false
 * ```
 */
export function isBridgeCode(code: ErrorCode): code is BridgeErrorCode {
  return "bridgeMessage" in errors[code];
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(details[name] ?? whole));
}
