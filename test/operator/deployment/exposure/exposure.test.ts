import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeploymentSpec } from "../../../../operator/api/spec.ts";
import type { Blueprint } from "../../../../operator/deployment/blueprint.ts";
import { childrenOf } from "../../../../operator/deployment/desired/children.ts";
import { serverEnvironment } from "../../../../operator/deployment/desired/configuration.ts";
import { exposureChildren } from "../../../../operator/deployment/desired/exposure.ts";
import { serverNetworkPolicy } from "../../../../operator/deployment/desired/network-policies.ts";
import { exposureOf, urlOf } from "../../../../operator/deployment/exposure/exposure.ts";
import { arbitraryBlueprint, blueprint, specOf } from "../support/blueprint.ts";

const from = [{ namespaceSelector: { matchLabels: { name: "proxies" } } }];
const ingress = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "traefik", from };
const nginx = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" };
const route = {
  mode: "HTTPRoute",
  host: "mcp.example.com",
  parentRefs: [{ name: "web", namespace: "gateways" }],
  from,
};
const balancer = { mode: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] };

/** What /tools is limited with. */
const rest = ["Prefix /tools", "Prefix /resources", "Prefix /approvals", "Exact /openapi.json", "Exact /docs"];

const made = (exposure: object, fields: Partial<Blueprint> = {}, spec: object = {}) =>
  exposureChildren(blueprint(specOf({ ...spec, exposure }), fields)).map(({ object }) => object);

type Path = { readonly path: string; readonly pathType: string; readonly backend: object };
const pathsOf = (object: object | undefined) =>
  (object as { spec: { rules: { http: { paths: Path[] } }[] } }).spec.rules.flatMap(({ http }) => http.paths);
const shown = (object: object | undefined) => pathsOf(object).map(({ path, pathType }) => `${pathType} ${path}`);
const tlsOf = (object: object | undefined) => (object as { spec: { tls?: unknown } }).spec.tls;
const annotationsOf = (object: object | undefined) =>
  (object as { metadata: { annotations: Record<string, string> } }).metadata.annotations;

describe("without an exposure", () => {
  test("nothing is made and nothing is opened", () => {
    const one = blueprint(specOf());
    expect(exposureChildren(one)).toEqual([]);
    expect((serverNetworkPolicy(one).object.spec as { ingress: unknown[] }).ingress).toHaveLength(2);
    expect(
      Object.keys(serverEnvironment(one)).filter((name) => /PROXY|EXTERNAL|HOSTS|ORIGINS|BASE/.test(name)),
    ).toEqual([]);
  });

  test("fields of a mode that is off are no wish", () => {
    expect(made({ ...ingress, mode: "None" })).toEqual([]);
  });
});

describe("an Ingress", () => {
  test("leads the paths that clients need to the port that only the proxy reaches, and no others", () => {
    const [object, ...others] = made(ingress);
    expect(others).toEqual([]);
    const expected = ["Prefix /mcp", ...rest, "Exact /health"];
    expect(shown(object)).toEqual(expected);
    const backend = { service: { name: "team-mcp-server", port: { number: 8082 } } };
    expect(pathsOf(object).map((path) => path.backend)).toEqual(expected.map(() => backend));
    expect(object).toMatchObject({ spec: { ingressClassName: "traefik", rules: [{ host: "mcp.example.com" }] } });
  });

  test("is below the path of the resource, and the server is told", () => {
    const spec = specOf({ exposure: { ...ingress, path: "/chat/team" } });
    expect(shown(made(spec.exposure)[0])).toEqual([
      "Prefix /chat/team/mcp",
      ...rest.map((path) => path.replace("/", "/chat/team/")),
      "Exact /chat/team/health",
    ]);
    expect(serverEnvironment(blueprint(spec))).toMatchObject({ MCP_BASE_PATH: "/chat/team" });
    expect(blueprint(spec).url).toBe("https://mcp.example.com/chat/team/mcp");
  });

  test.each([
    ["the controller's own certificate", {}, [{ hosts: ["mcp.example.com"] }], {}],
    [
      "the certificate of a Secret",
      { tls: { secretName: "mine" } },
      [{ hosts: ["mcp.example.com"], secretName: "mine" }],
      {},
    ],
    [
      "one that cert-manager gets from an Issuer",
      { tls: { issuer: "letsencrypt" } },
      [{ hosts: ["mcp.example.com"], secretName: "team-mcp-server-tls" }],
      { "cert-manager.io/issuer": "letsencrypt" },
    ],
    [
      "one that cert-manager gets from a ClusterIssuer",
      { tls: { clusterIssuer: "letsencrypt" } },
      [{ hosts: ["mcp.example.com"], secretName: "team-mcp-server-tls" }],
      { "cert-manager.io/cluster-issuer": "letsencrypt" },
    ],
    ["no TLS when that is asked for", { scheme: "http" }, undefined, {}],
  ])("has %s", (_what, fields, tls, annotations) => {
    const [object] = made({ ...ingress, ...fields });
    expect(tlsOf(object)).toEqual(tls);
    expect(annotationsOf(object)).toEqual({ "cctelegram.io/adopt": "team", ...annotations });
  });

  test("of ingress-nginx has the guides' time-outs, buffering and limits, those of REST on an Ingress of its own", () => {
    const [streams, calls, ...others] = made({ ...nginx, tls: { clusterIssuer: "letsencrypt" } });
    expect(others).toEqual([]);
    expect([shown(streams), shown(calls)]).toEqual([["Prefix /mcp", "Exact /health"], rest]);
    const n = (name: string) => `nginx.ingress.kubernetes.io/${name}`;
    expect(annotationsOf(streams)).toMatchObject({
      [n("proxy-buffering")]: "off",
      [n("proxy-read-timeout")]: "300",
      [n("proxy-send-timeout")]: "300",
      [n("ssl-redirect")]: "true",
    });
    expect(annotationsOf(streams)).not.toHaveProperty(n("limit-rpm"));
    expect(annotationsOf(calls)).toMatchObject({ [n("limit-rpm")]: "30", [n("proxy-read-timeout")]: "60" });
    // Two requests for one certificate would contend for one Secret.
    expect([streams, calls].filter((each) => "cert-manager.io/cluster-issuer" in annotationsOf(each))).toEqual([
      streams,
    ]);
    expect(tlsOf(calls)).toEqual(tlsOf(streams));
  });

  test.each([
    [{ ingressClassName: "nginx" }, true],
    [{ ingressClassName: "public", controller: "IngressNginx" }, true],
    [{ ingressClassName: "nginx", controller: "Other" }, false],
    [{ ingressClassName: "traefik" }, false],
    [{}, false],
  ])("%j is that of ingress-nginx: %s", (fields, isNginx) => {
    expect(made({ mode: "Ingress", host: "mcp.example.com", from, ...fields })).toHaveLength(isNginx ? 2 : 1);
  });

  test("has the author's annotations before ours, but is found and owned as ever", () => {
    const annotations = { "nginx.ingress.kubernetes.io/proxy-read-timeout": "900", "example.com/a": "b" };
    const [object] = made({ ...nginx, annotations, labels: { team: "blue" } });
    expect(annotationsOf(object)).toMatchObject({ ...annotations, "cctelegram.io/adopt": "team" });
    expect(object?.metadata.labels).toMatchObject({ team: "blue", "app.kubernetes.io/instance": "team" });
  });

  test("leaves time-outs to the proxy when asked to", () => {
    const all = made({ ...nginx, requestTimeoutSeconds: 0 }).map(annotationsOf);
    expect(all.flatMap((each) => Object.keys(each)).filter((key) => /read-timeout|send-timeout/.test(key))).toEqual([]);
  });
});

describe("an HTTPRoute", () => {
  test("is written as it is stored, with all defaults", () => {
    expect(made({ ...route, requestTimeoutSeconds: 120 })[0]?.spec).toEqual({
      parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "web", namespace: "gateways" }],
      hostnames: ["mcp.example.com"],
      rules: [
        { paths: ["Prefix /mcp"], request: "120s" },
        { paths: rest, request: "60s" },
        { paths: ["Exact /health"], request: "10s" },
      ].map(({ paths, request }) => ({
        matches: paths.map((each) => {
          const [type = "", value] = each.split(" ");
          return { path: { type: type.replace("Prefix", "PathPrefix"), value } };
        }),
        backendRefs: [{ group: "", kind: "Service", name: "team-mcp-server", port: 8082, weight: 1 }],
        timeouts: { request },
      })),
    });
  });

  test("is not made while nobody knows what it is", () => {
    expect(made(route, { hasHttpRoute: false })).toEqual([]);
  });

  test("has no time-outs when asked to, for gateways that refuse them", () => {
    expect(JSON.stringify(made({ ...route, requestTimeoutSeconds: 0 }))).not.toContain("timeouts");
  });
});

describe("a load balancer", () => {
  test("keeps clients' addresses, lets in whom the author named, and believes nobody", () => {
    expect(made({ ...balancer, port: 8443, loadBalancerClass: "example.com/lb" })[0]).toMatchObject({
      metadata: { name: "team-mcp-external" },
      spec: {
        type: "LoadBalancer",
        externalTrafficPolicy: "Local",
        loadBalancerClass: "example.com/lb",
        loadBalancerSourceRanges: ["203.0.113.0/24"],
        ports: [{ name: "external", port: 8443, targetPort: "external", protocol: "TCP" }],
      },
    });
    const environment = serverEnvironment(blueprint(specOf({ exposure: balancer })));
    expect(environment).toMatchObject({ MCP_EXTERNAL_PORT: "8083" });
    expect(environment).not.toHaveProperty("MCP_PROXY_PORT");
  });
});

describe("the network policy", () => {
  const rulesOf = (exposure: object, spec: object = {}) =>
    (serverNetworkPolicy(blueprint(specOf({ ...spec, exposure }))).object.spec as { ingress: unknown[] }).ingress;

  test("lets the proxy alone reach the port on which it is believed", () => {
    const peers = [{ cidr: "10.1.2.0/24" }, { namespaceSelector: { matchLabels: { name: "proxies" } } }];
    const [inside, , outside] = rulesOf({ ...ingress, from: peers });
    expect(inside).toMatchObject({ ports: [{ port: 8080, protocol: "TCP" }] });
    expect(outside).toEqual({
      from: [{ ipBlock: { cidr: "10.1.2.0/24" } }, { namespaceSelector: { matchLabels: { name: "proxies" } } }],
      ports: [{ port: 8082, protocol: "TCP" }],
    });
  });

  test("takes ingress-nginx to be in its usual namespace", () => {
    expect(rulesOf(nginx)[2]).toMatchObject({
      from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } } }],
    });
    expect(rulesOf({ ...nginx, from })[2]).toMatchObject({ from });
  });

  test("lets callers of a load balancer in by its own port, and the operator to look", () => {
    expect(rulesOf(balancer)[2]).toEqual({
      from: [
        { ipBlock: { cidr: "203.0.113.0/24" } },
        {
          namespaceSelector: {},
          podSelector: { matchLabels: { "app.kubernetes.io/name": "cctelegram-operator" } },
        },
      ],
      ports: [{ port: 8083, protocol: "TCP" }],
    });
  });

  test("that is switched off leaves no port on which anybody would be believed", () => {
    const networkPolicy = { mode: "Disabled" };
    const spec = specOf({ exposure: ingress, networkPolicy });
    expect(pathsOf(made(ingress, {}, { networkPolicy })[0])[0]?.backend).toMatchObject({
      service: { port: { number: 8080 } },
    });
    expect(serverEnvironment(blueprint(spec))).not.toHaveProperty("MCP_PROXY_PORT");
  });
});

describe("the public URL", () => {
  const url = (exposure: object, addresses: string[] = []) =>
    urlOf({ namespace: "tools", name: "team", spec: specOf({ exposure }) }, addresses);
  const inside = "http://team-mcp-server.tools.svc:8080/mcp";

  test.each([
    ["none", { mode: "None" }, [], inside],
    ["an Ingress", ingress, [], "https://mcp.example.com/mcp"],
    ["an Ingress without TLS", { ...ingress, scheme: "http" }, [], "http://mcp.example.com/mcp"],
    [
      "a route on a port",
      { ...route, parentRefs: [{ name: "web", port: 8443 }] },
      [],
      "https://mcp.example.com:8443/mcp",
    ],
    ["a load balancer without address yet", balancer, [], inside],
    ["a load balancer with an address", balancer, ["203.0.113.9"], "http://203.0.113.9/mcp"],
    [
      "a load balancer with an IPv6 address",
      { ...balancer, port: 8080 },
      ["2001:db8::9"],
      "http://[2001:db8::9]:8080/mcp",
    ],
    ["a load balancer with a name", balancer, ["lb.example.net"], "http://lb.example.net/mcp"],
    ["one that ends TLS", { ...balancer, host: "mcp.example.com", scheme: "https" }, [], "https://mcp.example.com/mcp"],
  ])("of %s", (_what, exposure, addresses, expected) => {
    expect(url(exposure, addresses)).toBe(expected);
  });
});

describe("whatever the spec says", () => {
  test("metrics, details of health and the bridge are led to by nothing from outside, but by Telegram's calls", () => {
    fc.assert(
      fc.property(arbitraryBlueprint, (one) => {
        // The public port is the user's, and may have any number.
        fc.pre(![9090, 9001].includes(one.spec.exposure?.port ?? 0));
        // Names and a gateway's port are the user's, too.
        const specs = exposureChildren(one).map(({ object }) => object.spec);
        const text = JSON.stringify(specs, (key, value) => (key === "parentRefs" ? undefined : value));
        // test/operator/deployment/receiving/webhook.test.ts says when there are some.
        expect(text.replaceAll(/-bridge","port":(9002|\{"number":9002\})/g, "")).not.toMatch(
          /["/]metrics|detailed|"(port|number|targetPort)":(9090|9001)|-bridge"/,
        );
      }),
    );
  });

  test("the port that is led to is open in the pods, in the Service and in the policy", () => {
    fc.assert(
      fc.property(arbitraryBlueprint, (one) => {
        const exposure = exposureOf(one.name, one.spec as DeploymentSpec);
        if (!exposure || exposure.backend === "http") return;
        const number = exposure.backend === "proxied" ? 8082 : 8083;
        const { workloads, foundations } = childrenOf(one);
        expect(JSON.stringify(workloads[0])).toContain(`"containerPort":${number}`);
        if (one.spec.networkPolicy.mode === "Restricted")
          expect(JSON.stringify(foundations)).toContain(`"port":${number}`);
      }),
    );
  });
});
