import { describe, expect, test } from "vitest";
import { childrenOf } from "../../../operator/deployment/desired/children.ts";
import { serverEnvironment } from "../../../operator/deployment/desired/configuration.ts";
import { bridgeNetworkPolicy, serverNetworkPolicy } from "../../../operator/deployment/desired/network-policies.ts";
import { dashboardSecrets } from "../../../operator/deployment/desired/secrets.ts";
import { serverDeployment } from "../../../operator/deployment/desired/server-deployment.ts";
import { dashboardServices, serverService } from "../../../operator/deployment/desired/services.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { blueprint, specOf } from "./support/blueprint.ts";

type Policy = { readonly ingress: readonly { readonly from?: readonly object[]; readonly ports: readonly object[] }[] };
type Workload = {
  readonly template: {
    readonly spec: {
      readonly volumes: readonly object[];
      readonly containers: readonly { readonly ports: readonly object[]; readonly volumeMounts: readonly object[] }[];
    };
  };
};

const from = { namespaceSelector: { matchLabels: { team: "operations" } } };
const withDashboard = (dashboard: object = {}, rest: object = {}) =>
  blueprint(specOf({ ...rest, monitoring: { dashboard: { mode: "Enabled", ...dashboard } } }));
const enabled = withDashboard({ ingressFrom: [from] });

const rulesFor = (port: number, { object }: { readonly object: KubernetesObject }) =>
  (object.spec as Policy).ingress.filter(({ ports }) => JSON.stringify(ports).includes(`"port":${port}`));

describe("the dashboard", () => {
  test("has a Service of its own, with nothing else, and the server's does not lead to it", () => {
    const port = { name: "dashboard", port: 8081, targetPort: "dashboard", protocol: "TCP" };
    expect(dashboardServices(enabled)).toMatchObject([
      { object: { metadata: { name: "team-dashboard" }, spec: { type: "ClusterIP", ports: [port] } } },
    ]);
    expect(JSON.stringify(serverService(enabled).object)).not.toContain("8081");
  });

  test("has a Secret with what a person needs to open it", () => {
    const { object } = dashboardSecrets(enabled)[0]!;
    const data = Object.entries(object.data as Record<string, string>);
    expect(Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]))).toEqual({
      username: "admin",
      password: enabled.dashboard?.password.current,
      url: "http://team-dashboard.tools.svc:8081/",
    });
  });

  test("is a port of the server pods, which get the password as a file: a new one needs no new pods", () => {
    const { volumes, containers } = (serverDeployment(enabled).object.spec as Workload).template.spec;
    expect(containers[0]?.ports).toContainEqual({ name: "dashboard", containerPort: 8081, protocol: "TCP" });
    const items = [{ key: "password", path: "password" }];
    expect(volumes).toContainEqual({
      name: "dashboard",
      secret: { secretName: "team-dashboard", defaultMode: 0o440, items },
    });
    const mountPath = "/etc/cctelegram/dashboard";
    expect(containers[0]?.volumeMounts).toContainEqual({ name: "dashboard", mountPath, readOnly: true });
    expect(serverEnvironment(enabled)).toMatchObject({
      MONITORING_SERVER_PORT: "8081",
      MONITORING_SERVER_HOST: "::",
      MONITORING_PASSWORD_FILE: `${mountPath}/password`,
    });
    const other = { ...enabled, dashboard: { password: { current: "f".repeat(64) } } };
    expect(serverDeployment(other)).toEqual(serverDeployment(enabled));
    expect(dashboardSecrets(other)).not.toEqual(dashboardSecrets(enabled));
  });

  test("is open for named peers alone", () => {
    expect(rulesFor(8081, serverNetworkPolicy(enabled))).toEqual([
      { from: [from], ports: [{ port: 8081, protocol: "TCP" }] },
    ]);
    expect(rulesFor(8081, bridgeNetworkPolicy(enabled))).toEqual([]);
  });

  test.each([
    ["nobody is named", []],
    ["the only peer names nobody, as no definition takes it", [{ namespaceSelector: {} }]],
  ])("is open for nobody when %s: a rule without peers would let everybody in", (_when, ingressFrom) => {
    const spec = specOf({ monitoring: { dashboard: { mode: "Enabled" } } });
    const dashboard = { ...spec.monitoring.dashboard, ingressFrom };
    const closed = blueprint({ ...spec, monitoring: { ...spec.monitoring, dashboard } });
    expect(rulesFor(8081, serverNetworkPolicy(closed))).toEqual([]);
    for (const { from } of (serverNetworkPolicy(closed).object.spec as Policy).ingress) expect(from).not.toEqual([]);
  });

  test("may be called by the names of its Service where the server looks at names", () => {
    const hostsOf = (from: ReturnType<typeof blueprint>) =>
      (serverEnvironment(from) as Readonly<Record<string, string>>).MCP_ALLOWED_HOSTS;
    const server = { allowedHosts: ["mcp.example.com"] };
    expect(hostsOf(withDashboard())).toBeUndefined();
    const names = hostsOf(withDashboard({}, { server }))?.split(",");
    expect(names).toEqual(expect.arrayContaining(["mcp.example.com", "team-dashboard", "team-dashboard.tools.svc"]));
    expect(hostsOf(blueprint(specOf({ server })))).not.toContain("dashboard");
  });

  test("is nowhere unless it is asked for", () => {
    for (const off of [specOf(), specOf({ monitoring: { dashboard: { mode: "Disabled", ingressFrom: [from] } } })]) {
      const text = JSON.stringify(childrenOf(blueprint(off)));
      expect(text).toContain('"containerPort":8080');
      expect(text).not.toMatch(/dashboard|8081|MONITORING|operations/);
    }
  });
});
