import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Blueprint } from "../../../operator/deployment/blueprint.ts";
import { bridgeNetworkPolicy, serverNetworkPolicy } from "../../../operator/deployment/desired/network-policies.ts";
import { arbitraryBlueprint, blueprint, specOf } from "./support/blueprint.ts";

type Selector = { readonly matchLabels?: Readonly<Record<string, string>> };
type Peer = {
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
};
type Rule = { readonly from?: readonly Peer[]; readonly to?: readonly Peer[]; readonly ports: readonly object[] };
type Policy = { readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] };

const server = (spec = specOf(), fields: Partial<Blueprint> = {}) =>
  serverNetworkPolicy(blueprint(spec, fields)).object.spec as Policy;
const bridge = (spec = specOf(), fields: Partial<Blueprint> = {}) =>
  bridgeNetworkPolicy(blueprint(spec, fields)).object.spec as Policy;

const isEmpty = (selector: Selector | undefined) =>
  selector === undefined || Object.keys(selector.matchLabels ?? {}).length === 0;

const policies = (blueprint: Blueprint) =>
  [serverNetworkPolicy(blueprint), bridgeNetworkPolicy(blueprint)].map(({ object }) => object.spec as Policy);

describe("whatever the spec says", () => {
  test("no rule lets everybody out or in", () => {
    fc.assert(
      fc.property(arbitraryBlueprint, (blueprint) => {
        for (const { ingress, egress } of policies(blueprint)) {
          for (const { from, ports } of ingress) {
            expect(from?.length).toBeGreaterThan(0);
            expect(ports.length).toBeGreaterThan(0);
            // An empty selector of namespaces is fine when it goes with labels of pods.
            expect(
              from?.filter(
                ({ namespaceSelector, podSelector }) =>
                  namespaceSelector && isEmpty(namespaceSelector) && isEmpty(podSelector),
              ),
            ).toEqual([]);
          }
          for (const { to, ports } of egress) {
            expect(to?.length).toBeGreaterThan(0);
            expect(ports.length).toBeGreaterThan(0);
          }
        }
      }),
    );
  });

  test("an author's Bot API opens no private address", () => {
    fc.assert(
      fc.property(arbitraryBlueprint, (arbitrary) => {
        const networkPolicy = { ...arbitrary.spec.networkPolicy, egressTo: [] };
        const spec = { ...arbitrary.spec, networkPolicy };
        const [dns, api, ...others] = bridge(spec, { telegramApiUrl: spec.telegram.apiUrl }).egress;
        expect(others).toEqual([]);
        expect(dns?.ports).toHaveLength(2 * networkPolicy.dnsPorts.length);
        expect(api?.to?.map(({ ipBlock }) => ipBlock?.except?.slice(0, 2))).toEqual([
          ["10.0.0.0/8", "172.16.0.0/12"],
          ["fc00::/7", "fe80::/10"],
        ]);
      }),
    );
  });
});

describe("the bridge's way to the Bot API", () => {
  const outside = [
    {
      ipBlock: {
        cidr: "0.0.0.0/0",
        except: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"],
      },
    },
    { ipBlock: { cidr: "::/0", except: ["fc00::/7", "fe80::/10"] } },
  ];

  test.each([
    [undefined, 443],
    ["https://api.example.com", 443],
    ["http://10.0.0.5:5432", 5432],
    ["http://telegram.test", 80],
  ])("%s leads to public addresses alone, when the author of the resource chose it", (apiUrl, port) => {
    const telegram = { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1], apiUrl };
    expect(bridge(specOf({ telegram })).egress[1]).toEqual({ to: outside, ports: [{ port, protocol: "TCP" }] });
  });

  test("leads anywhere on its port when the administrator of the operator chose it", () => {
    expect(bridge(specOf(), { telegramApiUrl: "http://telegram.test:8081" }).egress[1]).toEqual({
      to: [{ namespaceSelector: {} }, { ipBlock: { cidr: "0.0.0.0/0" } }, { ipBlock: { cidr: "::/0" } }],
      ports: [{ port: 8081, protocol: "TCP" }],
    });
  });
});

test("server and bridge may call what the author declared, and nobody else's ports", () => {
  const egressTo = [
    { cidr: "10.0.0.5/32", ports: [3128] },
    { namespaceSelector: { matchLabels: { team: "proxy" } }, ports: [80, 443] },
    { podSelector: { matchLabels: { app: "bot-api" } }, ports: [8081] },
  ];
  const spec = specOf({ networkPolicy: { egressTo } });
  const declared = [
    { to: [{ ipBlock: { cidr: "10.0.0.5/32" } }], ports: [{ port: 3128, protocol: "TCP" }] },
    {
      to: [{ namespaceSelector: { matchLabels: { team: "proxy" } } }],
      ports: [
        { port: 80, protocol: "TCP" },
        { port: 443, protocol: "TCP" },
      ],
    },
    { to: [{ podSelector: { matchLabels: { app: "bot-api" } } }], ports: [{ port: 8081, protocol: "TCP" }] },
  ];
  expect(server(spec).egress.slice(2)).toEqual(declared);
  expect(bridge(spec).egress.slice(2)).toEqual(declared);
});

test("the operator reads metrics of servers only where a rollout is judged by them", () => {
  const readers = (rollout: object) =>
    server(specOf({ rollout })).ingress.find(({ ports }) => JSON.stringify(ports).includes("9090"))?.from?.length;
  const analysis = { durationSeconds: 60, metrics: { maxErrorPercent: 1 } };
  expect([readers({}), readers({ strategy: "BlueGreen", analysis })]).toEqual([1, 2]);
});

test("DNS is asked on the ports of Kubernetes and of OpenShift, of both families, not on the Internet", () => {
  const [dns] = server().egress;
  expect(dns?.ports).toEqual(
    [53, 5353].flatMap((port) => [
      { port, protocol: "UDP" },
      { port, protocol: "TCP" },
    ]),
  );
  expect(dns?.to).toContainEqual({ ipBlock: { cidr: "10.0.0.0/8" } });
  expect(dns?.to).toContainEqual({ ipBlock: { cidr: "fc00::/7" } });
  expect(JSON.stringify(dns?.to)).not.toContain("/0");
  expect(server(specOf({ networkPolicy: { dnsPorts: [1053] } })).egress[0]?.ports).toHaveLength(2);
});

describe("those who come in", () => {
  const operator = {
    namespaceSelector: {},
    podSelector: { matchLabels: { "app.kubernetes.io/name": "cctelegram-operator" } },
  };
  const ingress = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress" } } };

  test("are the pods of the namespace, the operator's pods wherever it runs, and declared peers", () => {
    const from = server(specOf({ networkPolicy: { ingressFrom: [ingress] } })).ingress[0]?.from;
    expect(from).toEqual([{ podSelector: {} }, operator, ingress]);
  });

  test("are nobody more by a peer that names nobody, as older definitions took it", () => {
    const everybody = [{ namespaceSelector: {} }, { namespaceSelector: { matchLabels: {} }, podSelector: {} }];
    const networkPolicy = { ...specOf().networkPolicy, ingressFrom: everybody };
    expect(server({ ...specOf(), networkPolicy }).ingress[0]?.from).toEqual([{ podSelector: {} }, operator]);
  });

  test("to the metrics are Prometheus and declared peers", () => {
    const agent = { namespaceSelector: { matchLabels: { team: "metrics" } } };
    const prometheus = {
      namespaceSelector: {},
      podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
    };
    const metrics = { from: [prometheus, agent], ports: [{ port: 9090, protocol: "TCP" }] };
    const spec = specOf({ monitoring: { ingressFrom: [agent] } });
    expect([server(spec).ingress[1], bridge(spec).ingress[1]]).toEqual([metrics, metrics]);
  });
});
