/** Answer `{ok: false}` of the Bot API; also its HTTP status. */
export class ApiError extends Error {
  readonly code: number;
  readonly parameters: ErrorParameters | undefined;
  /** The client broke a rule that it could have kept. Tests assert that there are none. */
  readonly violation: boolean;

  constructor(code: number, description: string, options: { parameters?: ErrorParameters; violation?: boolean } = {}) {
    super(description);
    this.code = code;
    this.parameters = options.parameters;
    this.violation = options.violation ?? false;
  }
}

export type ErrorParameters = { readonly retry_after?: number; readonly migrate_to_chat_id?: number };

/** A request that Telegram refuses whatever its state: the client's mistake. */
export function badRequest(description: string): ApiError {
  return new ApiError(400, `Bad Request: ${description}`, { violation: true });
}

export function tooManyRequests(seconds: number, violation: boolean): ApiError {
  const parameters = { retry_after: seconds };
  return new ApiError(429, `Too Many Requests: retry after ${seconds}`, { parameters, violation });
}
