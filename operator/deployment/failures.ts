import { ApiError, isConflict } from "../runtime/api-error.ts";
import { NotOwnedError } from "../runtime/ownership.ts";

/** Refused for good: trying again does not help until a person changes something. */
const refusals = [400, 403, 422];

/** What people have to change, in the API server's words. */
export const refusedOf = (failures: readonly unknown[]): string[] => messagesOf(failures.filter(isRefusal));

/**
 * What else was answered with an error, such as a webhook that cannot be reached. Conflicts, and requests that were
 * turned away for the moment, pass by themselves and are no news; without any answer the status could not be written.
 */
export const failedOf = (failures: readonly unknown[]): string[] =>
  messagesOf(failures.filter((failure) => isAnswer(failure) && !isRefusal(failure)));

const isRefusal = (failure: unknown): boolean =>
  failure instanceof NotOwnedError ? !failure.passes : failure instanceof ApiError && refusals.includes(failure.status);

const isAnswer = (failure: unknown): boolean =>
  failure instanceof ApiError && failure.status !== 429 && !isConflict(failure);

const messagesOf = (failures: readonly unknown[]): string[] =>
  [...new Set(failures.map((failure) => withoutPorts((failure as Error).message)))].sort();

/** Each connection has another port of its own; without it the message, and so the status, stays the same. */
const withoutPorts = (message: string) => message.replace(/\S+:\d+->/g, "");
