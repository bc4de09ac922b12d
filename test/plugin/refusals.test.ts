import { expect, test } from "vitest";
import { ApiError, ConnectionError } from "../../operator/runtime/api-error.ts";
import { explained, isForbidden, isUnknownKind } from "../../plugin/cluster/refusals.ts";
import { exitCodes } from "../../plugin/exit-codes.ts";
import type { PluginError } from "../../plugin/problems.ts";

const asked = { server: "https://cluster.example.com", user: "anna" };

const answer = (status: number, reason: string | undefined, message: string, path = "/x") =>
  explained(
    new ApiError({ method: "GET", path, status, body: { ...(reason === undefined ? {} : { reason }), message } }),
    asked,
  ) as PluginError;

test("a refusal names the right that is missing and how to grant it", () => {
  const message =
    'pods "team-bridge-0" is forbidden: User "anna" cannot create resource "pods/portforward" in API group "" in the namespace "notes"';
  const problem = answer(403, "Forbidden", message);
  expect(problem.message).toBe('User "anna" may not create pods/portforward in namespace notes.');
  expect(problem.hint).toContain(
    "kubectl -n notes create role cctelegram-create --verb=create --resource=pods/portforward",
  );
  expect(problem.exitCode).toBe(exitCodes.forbidden);
  expect(isForbidden(problem)).toBe(true);
});

test("a refusal in the whole cluster asks for a ClusterRole", () => {
  const message =
    'cctelegramdeployments.cctelegram.io is forbidden: User "anna" cannot list resource "cctelegramdeployments" in API group "cctelegram.io" at the cluster scope';
  const problem = answer(403, "Forbidden", message);
  expect(problem.message).toBe('User "anna" may not list cctelegramdeployments.cctelegram.io in the whole cluster.');
  expect(problem.hint).toContain("create clusterrole cctelegram-list");
});

test("an admission policy's refusal keeps its words", () => {
  expect(answer(403, "Forbidden", "the policy says no").message).toBe("The cluster refuses it: the policy says no");
});

test("a kind that is not installed is told as such, with what to do", () => {
  const problem = answer(
    404,
    undefined,
    "404 page not found",
    "/apis/cctelegram.io/v1alpha1/namespaces/a/cctelegrambackups",
  );
  expect(problem).toMatchObject({
    exitCode: exitCodes.notFound,
    hint: expect.stringContaining("helm upgrade --install"),
  });
  expect(problem.message).toContain("no CCTelegramBackup");
  expect(isUnknownKind(problem)).toBe(true);
  expect(isUnknownKind(answer(404, "NotFound", "not found"))).toBe(false);
});

test("a field that the cluster does not know is named", () => {
  const message = 'strict decoding error: unknown field "spec.activity"';
  expect(answer(400, "BadRequest", message)).toMatchObject({
    message: "The CustomResourceDefinition in this cluster has no field spec.activity.",
    hint: expect.stringContaining("upgrade"),
  });
});

test("credentials that are refused and a cluster that is silent are different things", () => {
  expect(answer(401, "Unauthorized", "Unauthorized")).toMatchObject({
    exitCode: exitCodes.forbidden,
    message: /"anna"/,
  });
  const silent = explained(
    new ConnectionError("GET", "/x", "ECONNREFUSED", "connect ECONNREFUSED"),
    asked,
  ) as PluginError;
  expect(silent.exitCode).toBe(exitCodes.unreachable);
  expect(silent.message).toBe(
    "The cluster at https://cluster.example.com does not answer: connect ECONNREFUSED (ECONNREFUSED).",
  );
});

test("what is no answer of the cluster stays as it is", () => {
  const error = new TypeError("a mistake of ours");
  expect(explained(error, asked)).toBe(error);
});
