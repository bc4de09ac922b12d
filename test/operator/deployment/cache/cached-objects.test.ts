import { expect, test } from "vitest";
import { cachedResource } from "../../../../operator/deployment/cache/cached-objects.ts";
import { childrenOf } from "../../../../operator/deployment/desired/children.ts";
import { blueprint, specOf } from "../support/blueprint.ts";

const telegram = { botTokenSecretRef: { name: "telegram", key: "token" }, allowedUsers: [123456789] };
const resource = (spec: object) => ({ metadata: { name: "team", namespace: "tools", uid: "u" }, spec });

test("a resource that an older definition has stored, without the fields of this one, reads as if they had their defaults", () => {
  const { spec } = cachedResource(resource({ telegram }));
  expect(spec).toEqual(specOf({ telegram }));
  expect(() => childrenOf(blueprint(spec))).not.toThrow();
});

test("a resource with fields of a newer definition keeps all that it says", () => {
  const stored = { ...specOf({ telegram, profile: "Staging" }), later: { field: true } };
  expect(cachedResource(resource(stored)).spec).toEqual(stored);
});

test("a wish for new pods is cut and cleaned before it becomes a part of them", () => {
  const wish = (value: string) => {
    const { metadata, spec } = resource({ telegram });
    const annotations = { "cctelegram.io/restartedAt": value };
    return cachedResource({ metadata: { ...metadata, annotations }, spec }).restartedAt;
  };
  expect(wish("2026-01-01T00:00:00Z")).toBe("2026-01-01T00:00:00Z");
  expect(wish(`a\nb${"c".repeat(1_000_000)}`)).toBe(`a b${"c".repeat(60)}…`);
  expect(wish("")).toBeUndefined();
});
