import type { DeploymentSpec } from "../api/spec.ts";
import { ApiError, isConflict } from "../runtime/api-error.ts";
import { NotOwnedError } from "../runtime/ownership.ts";
import { services } from "./resource-types.ts";

/** Refused permanently: retrying does not help until a person changes something. */
const refusals = [400, 403, 422];

/** What people have to change, as the API server says it. */
export const refusedOf = (failures: readonly unknown[]): string[] => messagesOf(failures.filter(isRefusal));

/**
 * The failures without those of Services that wait for the word by which people hand them over: nothing is wrong then, and the
 * condition Adopted tells the word.
 */
export const exceptAwaited = (failures: readonly unknown[], { adoption }: DeploymentSpec): unknown[] =>
  failures.filter(
    (failure) =>
      !(failure instanceof NotOwnedError) ||
      failure.object.kind !== services.kind ||
      !adoption?.services?.some(({ name }) => name === failure.object.name),
  );

/**
 * Other errors of the API server, such as a webhook that cannot be reached. Conflicts, and requests that were
 * throttled, are transient and not reported; without any answer the status could not be written either.
 */
export const failedOf = (failures: readonly unknown[]): string[] =>
  messagesOf(failures.filter((failure) => isAnswer(failure) && !isRefusal(failure)));

const isRefusal = (failure: unknown): boolean =>
  failure instanceof NotOwnedError ? !failure.passes : failure instanceof ApiError && refusals.includes(failure.status);

const isAnswer = (failure: unknown): boolean =>
  failure instanceof ApiError && failure.status !== 429 && !isConflict(failure);

const messagesOf = (failures: readonly unknown[]): string[] =>
  [...new Set(failures.map((failure) => withoutPorts((failure as Error).message)))].sort();

/** Each connection has another port; without it the message, and so the status, does not change. */
const withoutPorts = (message: string) => message.replace(/\S+:\d+->/g, "");
