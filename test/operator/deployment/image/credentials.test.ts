import { expect, test } from "vitest";
import { credentialsFor } from "../../../../operator/deployment/image/credentials.ts";

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
const config = (auths: object) => ({ ".dockerconfigjson": base64({ auths }) });
const auth = Buffer.from("user:pass:word").toString("base64");
const found = { username: "user", password: "pass:word" };

test.each([
  ["registry.example.com", [config({ "registry.example.com": { auth } })], found],
  ["registry.example.com", [config({ "https://registry.example.com/v2/": { auth } })], found],
  ["registry-1.docker.io", [config({ "https://index.docker.io/v1/": { auth } })], found],
  ["registry.example.com", [config({ "registry.example.com": { username: "user", password: "pass:word" } })], found],
  ["registry.example.com", [{ ".dockercfg": base64({ "registry.example.com": { auth } }) }], found],
  ["registry.example.com", [config({}), config({ "registry.example.com": { auth } })], found],
  ["registry.example.com:5000", [config({ "registry.example.com": { auth } })], undefined],
  ["evil.example.com", [config({ "example.com": { auth }, "notevil.example.com": { auth } })], undefined],
  ["registry.example.com", [{ ".dockerconfigjson": "bm8gSlNPTg==" }], undefined],
  ["registry.example.com", [{}], undefined],
  ["registry.example.com", [], undefined],
])("for %s, case %#", (registry, secrets, wanted) => {
  expect(credentialsFor(registry, secrets)).toEqual(wanted);
});
