import { describe, expect, test } from "vitest";
import type { ExposureProbe } from "../../../operator/deployment/exposure/probe.ts";
import { exposureLookAgainMs } from "../../../operator/deployment/exposure/problems.ts";
import type { Snapshot } from "../../../operator/deployment/snapshot.ts";
import { conditionsOf } from "../../../operator/deployment/status/conditions/conditions.ts";
import { statusOf, transitions } from "../../../operator/deployment/status/status.ts";
import { specOf } from "./support/blueprint.ts";
import { condition, exposure, now, resource, snapshot, statusWith, workload } from "./support/snapshot.ts";

const from = [{ namespaceSelector: { matchLabels: { name: "proxies" } } }];
const specs = {
  ingress: { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" },
  issued: {
    mode: "Ingress",
    host: "mcp.example.com",
    ingressClassName: "nginx",
    tls: { clusterIssuer: "letsencrypt" },
  },
  secret: { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx", tls: { secretName: "mine" } },
  route: { mode: "HTTPRoute", host: "mcp.example.com", parentRefs: [{ name: "web" }], from },
  balancer: { mode: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] },
};
const exposedAs = (kind: keyof typeof specs) => resource({ spec: specOf({ exposure: specs[kind] }) });

const answered: ExposureProbe = { answered: true };
const refused: ExposureProbe = { answered: false, reason: "RouteNotFound", message: "HTTP 404" };
const accepted = { namespace: "tools", name: "web", sectionName: undefined, port: undefined };
const parent = (type: string) => ({
  ...accepted,
  problem: { type, reason: "NoMatchingParent", message: "no listener" },
});
const days = (count: number) => new Date(Date.parse(now) + count * 86_400_000).toISOString();

const of = (type: string, fields: Partial<Snapshot>) =>
  conditionsOf(snapshot({ exposure: exposure(), exposureProbe: answered, ...fields }), now).find(
    (each) => each.type === type,
  );

/** What is known, and the judgement. */
const judgements: readonly [string, keyof typeof specs, Partial<Snapshot>, string, string, RegExp][] = [
  ["our server answers", "ingress", {}, "True", "Answered", /the MCP server answers at the public address$/],
  [
    "the name leads elsewhere",
    "ingress",
    { exposureProbe: { answered: true, leadsElsewhere: true } },
    "True",
    "Answered",
    /other addresses/,
  ],
  [
    "the certificate ends in a week",
    "ingress",
    { exposureProbe: { answered: true, certificateEnds: days(7) } },
    "True",
    "CertificateEndsSoon",
    /expires on 2026-01-08: renew it/,
  ],
  [
    "the certificate ends in a month",
    "ingress",
    { exposureProbe: { answered: true, certificateEnds: days(30) } },
    "True",
    "Answered",
    /answers at the public address/,
  ],
  [
    "there is no Gateway API",
    "route",
    { exposure: exposure({ hasHttpRoute: false, state: undefined }) },
    "False",
    "GatewayAPINotInstalled",
    /install the Gateway API/,
  ],
  ["there is no object yet", "ingress", { exposure: exposure({ state: undefined }) }, "False", "NotCreated", /Ingress/],
  ["the Gateway is silent", "route", {}, "False", "RouteNotAccepted", /Gateway tools\/web has not reported/],
  [
    "the Gateway refuses the route",
    "route",
    { exposure: exposure({ state: { addresses: ["203.0.113.9"], parents: [parent("Accepted")] } }) },
    "False",
    "RouteNotAccepted",
    /NoMatchingParent: no listener/,
  ],
  [
    "the Gateway does not find the Service",
    "route",
    { exposure: exposure({ state: { addresses: ["203.0.113.9"], parents: [parent("ResolvedRefs")] } }) },
    "False",
    "RouteNotResolved",
    /no listener/,
  ],
  [
    "another Gateway takes the route",
    "route",
    { exposure: exposure({ state: { addresses: ["203.0.113.9"], parents: [{ ...accepted, name: "other" }] } }) },
    "False",
    "RouteNotAccepted",
    /tools\/web has not reported/,
  ],
  [
    "the Gateway takes the route",
    "route",
    { exposure: exposure({ state: { addresses: ["203.0.113.9"], parents: [accepted] } }) },
    "True",
    "Answered",
    /answers at the public address/,
  ],
  [
    "the Gateway is not to be seen",
    "route",
    {
      exposure: exposure({ state: { addresses: [], parents: [accepted] }, unseen: ["the operator sees no Gateway"] }),
      exposureProbe: undefined,
    },
    "Unknown",
    "GatewayNotSeen",
    /sees no Gateway/,
  ],
  [
    "the Secret of the certificate is missing",
    "secret",
    { exposure: exposure({ certificate: "Missing" }) },
    "False",
    "CertificateNotFound",
    /kubectl -n tools create secret tls mine/,
  ],
  [
    "cert-manager is not done",
    "issued",
    { exposure: exposure({ certificate: "Missing" }) },
    "False",
    "CertificateNotFound",
    /kubectl -n tools describe certificate team-mcp-server-tls/,
  ],
  [
    "the Secret holds no certificate",
    "secret",
    { exposure: exposure({ certificate: "Unusable" }) },
    "False",
    "CertificateUnusable",
    /tls\.crt/,
  ],
  [
    "the Ingress has no address",
    "ingress",
    { exposure: exposure({ state: { addresses: [], parents: [] } }) },
    "False",
    "NoAddress",
    /IngressClass nginx/,
  ],
  [
    "the load balancer has no address",
    "balancer",
    { exposure: exposure({ state: { addresses: [], parents: [] } }) },
    "False",
    "NoAddress",
    /that the cluster supports load balancers/,
  ],
  ["another answer comes", "ingress", { exposureProbe: refused }, "False", "RouteNotFound", /404/],
  [
    "nobody may look",
    "ingress",
    { exposure: exposure({ isProbed: false }), exposureProbe: undefined },
    "Unknown",
    "NotProbed",
    /administrator/,
  ],
  [
    "no pod is ready",
    "ingress",
    { server: workload({ ready: 0 }), exposureProbe: undefined },
    "Unknown",
    "ServerNotReady",
    /no MCP server/,
  ],
  ["nothing was found yet", "ingress", { exposureProbe: undefined }, "Unknown", "NotYetKnown", /not yet probed/],
];

test.each(judgements)("Exposed when %s", (_what, kind, fields, status, reason, message) => {
  const found = of("Exposed", { resource: exposedAs(kind), ...fields });
  expect(found).toMatchObject({ status, reason, message: expect.stringMatching(message) });
});

describe("what does not answer outside", () => {
  const failing = { resource: exposedAs("ingress"), exposureProbe: refused };

  test("is Degraded when it lasts, and Ready stays: those inside are served", () => {
    expect(of("Degraded", failing)).toMatchObject({ status: "True", reason: "RouteNotFound" });
    expect(of("Ready", failing)).toMatchObject({ status: "True", reason: "Ready" });
    const fresh = { ...failing, exposure: exposure({ lasting: false, settlesInMs: 40_000 }) };
    expect(of("Degraded", fresh)).toMatchObject({ status: "False" });
    expect(exposureLookAgainMs(snapshot(fresh))).toBe(40_000);
  });

  test("is not the reason why Ready does not hold", () => {
    const both = { ...failing, server: workload({ ready: 0 }) };
    expect(of("Ready", both)).toMatchObject({ status: "False", reason: "PodsNotReady" });
  });

  test("says nothing while pods are replaced, or before it has lasted: the last word stands", () => {
    const before = condition("Exposed", "True", { reason: "Answered" });
    const known = { ...exposedAs("ingress"), status: statusWith(before) };
    const passing = [
      { server: workload({ updated: 1 }) },
      { exposureProbe: { ...refused, lasting: false } as ExposureProbe },
      { exposureProbe: undefined },
    ];
    for (const fields of passing) expect(of("Exposed", { ...failing, resource: known, ...fields })).toEqual(before);
  });
});

test("an end of the certificate that is near is Degraded, and looked for in time", () => {
  const one = { resource: exposedAs("ingress"), exposureProbe: { answered: true, certificateEnds: days(13) } as const };
  expect(of("Degraded", one)).toMatchObject({ status: "True", reason: "CertificateEndsSoon" });
  const later = { ...one, exposureProbe: { answered: true, certificateEnds: days(14.5) } as const };
  expect(of("Degraded", later)).toMatchObject({ status: "False" });
  expect(exposureLookAgainMs(snapshot({ exposure: exposure(), ...later }))).toBe(43_200_000);
});

test("the status has the public URL and the one inside", () => {
  const one = statusOf(snapshot({ resource: exposedAs("balancer"), exposure: exposure() }), now);
  expect(one).toMatchObject({
    url: "http://203.0.113.9/mcp",
    internalUrl: "http://team-mcp-server.tools.svc:8080/mcp",
  });
  expect(statusOf(snapshot(), now).url).toBe(one.internalUrl);
});

test("that it answers for the first time is an event", () => {
  const after = [condition("Exposed", "True", { message: "it answers" })];
  expect(transitions([], after)).toEqual([{ type: "Normal", reason: "Exposed", message: "it answers" }]);
  expect(transitions(after, after)).toEqual([]);
});
