import { ApiError, ConnectionError } from "../../operator/runtime/api-error.ts";
import { type MissingRight, PluginError, problems } from "../problems.ts";

type Asked = { readonly server: string; readonly user: string };

/** What the API server, or nobody, answered, in words for whoever typed the command. The original error is the cause. */
export function explained(error: unknown, asked: Asked): unknown {
  if (error instanceof PluginError) return error;
  if (error instanceof ConnectionError) return withCause(problems.clusterSilent(asked.server, reasonOf(error)), error);
  if (!(error instanceof ApiError)) return error;
  if (error.status === 401) return withCause(problems.notLoggedIn(asked.user), error);
  if (error.status === 403) return withCause(refusal(error), error);
  // A path that the server does not know is answered in plain text, without a reason.
  if (error.status === 404 && error.reason === "Unknown")
    return withCause(problems.noDefinition(kindOf(error.path)), error);
  return withCause(invalid(error), error);
}

/** The API server's error behind one of ours. */
export function apiErrorOf(error: unknown): ApiError | undefined {
  const cause = error instanceof PluginError ? error.cause : error;
  return cause instanceof ApiError ? cause : undefined;
}

export const isMissing = (error: unknown): boolean =>
  apiErrorOf(error)?.status === 404 && apiErrorOf(error)?.reason === "NotFound";
export const isForbidden = (error: unknown): boolean => apiErrorOf(error)?.status === 403;
export const isChanged = (error: unknown): boolean => apiErrorOf(error)?.status === 409;
/** The kind is not installed. */
export const isUnknownKind = (error: unknown): boolean =>
  apiErrorOf(error)?.status === 404 && apiErrorOf(error)?.reason === "Unknown";

const withCause = (problem: PluginError, cause: unknown): PluginError =>
  new PluginError(problem.message, { exitCode: problem.exitCode, hint: problem.hint, cause });

/** Without what is for programs: "GET /path got no answer:". */
const reasonOf = ({ message }: ConnectionError) => message.replace(/^.*? got no answer: /, "");

/** As the API server words a refusal of its authorizers; what an admission policy refuses has other words. */
const forbidden =
  /User "([^"]*)" cannot (\w+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)"| at the cluster scope)?/;

function refusal(error: ApiError): PluginError {
  const match = forbidden.exec(error.message);
  return match === null ? problems.refusedByCluster(textOf(error)) : problems.rightMissing(rightOf(match));
}

function rightOf([, user = "", verb = "", resource = "", group = "", namespace]: RegExpExecArray): MissingRight {
  const [plural = "", subresource] = resource.split("/");
  const whole = (group === "" ? plural : `${plural}.${group}`) + (subresource === undefined ? "" : `/${subresource}`);
  return { user, verb, resource: whole, namespace };
}

function invalid(error: ApiError): PluginError {
  const field = /unknown field "([^"]+)"/.exec(error.message)?.[1];
  return field === undefined ? problems.refusedByCluster(textOf(error)) : problems.noField(field);
}

const textOf = ({ message }: ApiError) => message.replace(/^\S+ \S+ failed: \d+ \w+: /, "");

const kinds: Readonly<Record<string, string>> = {
  cctelegramdeployments: "CCTelegramDeployment",
  cctelegrambackups: "CCTelegramBackup",
};

function kindOf(path: string): string {
  const known = Object.keys(kinds).find((plural) => path.includes(`/${plural}`));
  return known === undefined ? path : (kinds[known] ?? known);
}
