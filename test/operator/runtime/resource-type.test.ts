import { expect, test } from "vitest";
import { apiVersionOf, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { isNewer } from "../../../operator/runtime/resource-version.ts";
import { namespaceType, types } from "./samples.ts";

test.each([
  [types.configMap, {}, "/api/v1/configmaps"],
  [types.configMap, { namespace: "n", name: "a" }, "/api/v1/namespaces/n/configmaps/a"],
  [types.deployment, { namespace: "n" }, "/apis/apps/v1/namespaces/n/deployments"],
  [
    types.deployment,
    { namespace: "n", name: "a", subresource: "scale" },
    "/apis/apps/v1/namespaces/n/deployments/a/scale",
  ],
  [namespaceType, { namespace: "ignored", name: "a" }, "/api/v1/namespaces/a"],
])("%o with %o is at %s", (type, parts, path) => {
  expect(resourcePath(type, parts)).toBe(path);
});

test("a name of a namespaced type needs a namespace", () => {
  expect(() => resourcePath(types.secret, { name: "a" })).toThrow("its path needs a namespace");
});

test("apiVersion has the group, except for the core", () => {
  expect([apiVersionOf(types.secret), apiVersionOf(types.autoscaler)]).toEqual(["v1", "autoscaling/v2"]);
});

test("versions are compared as numbers", () => {
  expect([isNewer("10", "9"), isNewer("9", "10"), isNewer("9", "9"), isNewer("x", "1")]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
