import type { DeploymentSpec } from "../api/spec.ts";

type Allowed = {
  readonly allowedImages?: readonly string[];
  readonly allowedApiUrls?: readonly string[];
};

/** What the administrator of the operator does not allow in the spec, in words; empty when all is allowed. */
export function forbiddenIn({ images, telegram }: DeploymentSpec, allowed: Allowed): string[] {
  return [
    ...refusal("images.server", images.server, allowed.allowedImages, "/:@"),
    ...refusal("telegram.apiUrl", telegram.apiUrl, allowed.allowedApiUrls, "/"),
  ];
}

/** `ends` may follow a beginning that is allowed: registry.example.com/team does not allow registry.example.com/teammate. */
function refusal(field: string, value: string | undefined, beginnings: readonly string[] = [], ends: string): string[] {
  if (value === undefined || beginnings.length === 0) return [];
  const isAllowed = beginnings.some(
    (beginning) =>
      value === beginning ||
      (value.startsWith(beginning) && (beginning.endsWith("/") || ends.includes(value.charAt(beginning.length)))),
  );
  return isAllowed ? [] : [`${field} ${value} is not among those that the administrator of the operator allows`];
}
