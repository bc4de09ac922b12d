import { describe, expect, test } from "vitest";
import { forbiddenIn } from "../../../operator/deployment/allowed.ts";
import { specOf } from "./support/blueprint.ts";

const withImage = (server: string) => specOf({ images: { server } });
const withApi = (apiUrl: string) =>
  specOf({ telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1], apiUrl } });

test("all is allowed while the administrator names nothing, and what a resource does not name is never forbidden", () => {
  expect(forbiddenIn(withImage("evil.example/x:1"), {})).toEqual([]);
  expect(forbiddenIn(withApi("http://10.0.0.5:5432"), { allowedApiUrls: [] })).toEqual([]);
  expect(forbiddenIn(specOf(), { allowedImages: ["a"], allowedApiUrls: ["https://b"] })).toEqual([]);
});

test.each([
  ["networkPolicy.mode", { networkPolicy: { mode: "Disabled" } }],
  ["networkPolicy.ingressFrom", { networkPolicy: { ingressFrom: [{ podSelector: { matchLabels: { a: "b" } } }] } }],
  ["networkPolicy.egressTo", { networkPolicy: { egressTo: [{ cidr: "10.0.0.5/32", ports: [5432] }] } }],
  ["networkPolicy.dnsPorts", { networkPolicy: { dnsPorts: [53, 5432] } }],
  [
    "monitoring.dashboard.ingressFrom",
    { monitoring: { dashboard: { ingressFrom: [{ podSelector: { matchLabels: { a: "b" } } }] } } },
  ],
  ["monitoring.ingressFrom", { monitoring: { ingressFrom: [{ podSelector: { matchLabels: { a: "b" } } }] } }],
  ["exposure.mode", { exposure: { mode: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] } }],
])("%s is forbidden where authors may not widen networks, and allowed elsewhere", (field, spec) => {
  expect(forbiddenIn(specOf(spec), { allowNetworkFields: false })).toEqual([
    `the administrator of the operator does not allow ${field}`,
  ]);
  expect(forbiddenIn(specOf(spec), {})).toEqual([]);
  expect(forbiddenIn(specOf(), { allowNetworkFields: false })).toEqual([]);
});

describe("images", () => {
  const allowedImages = ["registry.example.com/team", "docker.io/cctelegram/"];
  test.each([
    ["registry.example.com/team", true],
    ["registry.example.com/team:1", true],
    ["registry.example.com/team/server:1", true],
    ["docker.io/cctelegram/server", true],
    ["registry.example.com/teammate/server", false],
    ["registry.example.com.evil.example/team", false],
    ["docker.io/cctelegramx/server", false],
  ])("%s: %s", (server, allowed) => {
    expect(forbiddenIn(withImage(server), { allowedImages })).toHaveLength(allowed ? 0 : 1);
  });
});

describe("Bot APIs", () => {
  const allowedApiUrls = ["https://bots.example.com"];
  test.each([
    ["https://bots.example.com", true],
    ["https://bots.example.com/team", true],
    ["https://bots.example.com:8443", false],
    ["https://bots.example.com.evil.example", false],
    ["https://bots.example.com@evil.example", false],
    ["http://bots.example.com", false],
  ])("%s: %s", (apiUrl, allowed) => {
    expect(forbiddenIn(withApi(apiUrl), { allowedApiUrls })).toHaveLength(allowed ? 0 : 1);
  });
});
