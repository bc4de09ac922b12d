import fc from "fast-check";
import { expect, test } from "vitest";
import { namesOf } from "../../../operator/deployment/names.ts";

/** A name that the CRD accepts for a resource (operator/api/custom-resource-definition.ts). */
const isTaken = (name: string) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) && !/-connection(-|$)/.test(name);

/** Similar names: built from the words that names of children are built from. */
const word = fc.constantFrom("a", "b", "connection", "hmac", "api", "keys", "bridge", "mcp", "server", "alerts");
const name = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join("-"));

function secretsOf(resource: string, client: string): string[] {
  const { hmac, apiKeys, connection } = namesOf(resource);
  return [hmac, apiKeys, connection(client)];
}

const othersOf = (resource: string) => {
  const { server, bridge, alerts } = namesOf(resource);
  return [server, bridge, alerts];
};

test("no object of a resource has the name of another resource's, whatever their clients are called", () => {
  fc.assert(
    fc.property(name.filter(isTaken), name, name.filter(isTaken), name, (one, client, other, anotherClient) => {
      fc.pre(one !== other);
      const secrets = new Set(secretsOf(one, client));
      expect(secretsOf(other, anotherClient).filter((secret) => secrets.has(secret))).toEqual([]);
      const others = new Set(othersOf(one));
      expect(othersOf(other).filter((object) => others.has(object))).toEqual([]);
    }),
    { numRuns: 20_000 },
  );
});

test("names that the definition refuses would meet others", () => {
  expect(secretsOf("team", "connection-x")[2]).toBe(secretsOf("team-connection", "x")[2]);
  expect(secretsOf("a", "b-connection-c")[2]).toBe(secretsOf("a-connection-b", "c")[2]);
  expect(["team-connection", "a-connection-b"].filter(isTaken)).toEqual([]);
});
