import fc from "fast-check";
import { expect, test } from "vitest";
import type { Child } from "../../../operator/deployment/blueprint.ts";
import { childrenOf } from "../../../operator/deployment/desired/children.ts";
import { serverPods } from "../../../operator/deployment/desired/server-deployment.ts";
import type { Plan, PlannedServers } from "../../../operator/deployment/rollout/plan.ts";
import { previewOf, type Track } from "../../../operator/deployment/rollout/tracks.ts";
import { Stage } from "./rollout/support.ts";
import { blueprint, specOf } from "./support/blueprint.ts";

/*
 * Objects find pods by labels, and Services lead to ports by name. A selector that finds nothing, or too much, breaks what a stand-in
 * for nodes does not see: so each state of a rollout is looked at, with versions whose pods have other ports and volumes.
 */

const path = { host: "mcp.example.com", from: [{ cidr: "10.1.2.0/24" }] };
const versions: Readonly<Record<string, object>> = {
  one: {},
  two: { monitoring: { dashboard: { mode: "Enabled" } } },
  three: { server: { secondPort: 3000, autoscaling: { mode: "Enabled" } } },
  four: { exposure: { mode: "Ingress", ...path, ingressClassName: "nginx" } },
  five: { exposure: { mode: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] } },
};

const blueprintOf = (version: string, rollout: Partial<Stage["spec"]> = {}) =>
  blueprint(specOf({ ...versions[version], rollout }), { serverReplicas: undefined });

type State = {
  readonly plan: Plan;
  readonly children: readonly Child[];
  /** What the spec asks for. */
  readonly wanted: string;
  /** By Deployment. */
  readonly versions: ReadonlyMap<string, string>;
};

/** What the operator writes at this point. */
function stateOf(stage: Stage, plan: Plan): State {
  const wanted = stage.wanted.template;
  const own = blueprintOf(wanted, stage.spec);
  const planned = (servers: PlannedServers) => ({
    ...servers,
    pods: serverPods(blueprintOf(servers.template)),
    replicas: undefined,
  });
  const { serving, beside } = plan;
  const servers = [planned(serving), ...(beside ? [planned(beside)] : [])] as const;
  const children = Object.values(
    childrenOf({ ...own, rollout: { ...plan, servers, present: serverPods(own) } }),
  ).flat();
  const versions = new Map(servers.map(({ track, template }) => [deployments[track], template]));
  return { plan, children, wanted, versions };
}

const steps: Readonly<Record<string, (stage: Stage) => Plan>> = {
  settle: (stage: Stage) => stage.settle(),
  later: (stage: Stage) => stage.pass(100),
  muchLater: (stage: Stage) => stage.pass(100_000),
  undo: (stage: Stage) => {
    stage.undo = `${stage.status?.previous ?? 1}`;
    return stage.step();
  },
  fails: (stage: Stage) => {
    for (const side of Object.values(stage.sides)) Object.assign(side, { settled: false, deadlineExceeded: true });
    return stage.step();
  },
  rollingUpdate: (stage: Stage) => {
    stage.spec = { ...stage.spec, strategy: "RollingUpdate" };
    return stage.step();
  },
  blueGreen: (stage: Stage) => {
    stage.spec = { ...stage.spec, strategy: "BlueGreen" };
    return stage.step();
  },
  ...Object.fromEntries(Object.keys(versions).map((version) => [version, (stage: Stage) => stage.ask(version)])),
};

/** Checks each state of random rollouts, from one in which green servers are tried. */
function holdsInEachState(check: (state: State) => void): void {
  const beginning = ["blueGreen", "settle", "settle", "two"];
  const history = fc.array(fc.constantFrom("settle", "settle", ...Object.keys(steps)), { maxLength: 20 });
  fc.assert(
    fc.property(fc.boolean(), history, (isTried, names) => {
      const stage = new Stage();
      for (const name of [...(isTried ? beginning : []), ...names]) check(stateOf(stage, steps[name]!(stage)));
    }),
  );
}

type Labels = Readonly<Record<string, string>>;
type Probe = { readonly httpGet: { readonly port: string } };
type Container = {
  readonly ports: readonly { readonly name: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
};
type PodSpec = {
  readonly serviceAccountName: string;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly secret?: { readonly secretName: string } }[];
};
type Template = { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
type Workload = { readonly selector: { readonly matchLabels: Labels }; readonly template: Template };
type Service = {
  readonly selector: Labels;
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly targetPort: string }[];
};

const specsOf = <Spec>({ children }: Pick<State, "children">, ...plurals: string[]) =>
  children.flatMap(({ type, object }) =>
    plurals.includes(type.plural)
      ? [{ name: object.metadata.name ?? "", labels: object.metadata.labels ?? {}, spec: object.spec as Spec }]
      : [],
  );

const workloadsOf = (state: State) => specsOf<Workload>(state, "deployments", "statefulsets");
const servicesOf = (state: State) => specsOf<Service>(state, "services");
const matches = (selector: Labels, labels: Labels) =>
  Object.entries(selector).every(([label, value]) => labels[label] === value);
const podsFor = (state: State, selector: Labels) =>
  workloadsOf(state).filter(({ spec }) => matches(selector, spec.template.metadata.labels));
const namesFor = (state: State, selector: Labels) => podsFor(state, selector).map(({ name }) => name);

const deployments: Readonly<Record<Track, string>> = { blue: "team-mcp-server", green: "team-mcp-server-green" };

/** The pods that clients reach. */
const servingIn = ({ plan: { track, serving, beside } }: State) =>
  [serving, ...(beside ? [beside] : [])].flatMap((servers) =>
    track === undefined || servers.track === track ? deployments[servers.track] : [],
  );

test("Services and disruption budgets find exactly the pods that clients reach, and the Service of a trial those that are tried", () => {
  holdsInEachState((state) => {
    const { serving, beside, isPreviewed } = state.plan;
    expect(servingIn(state)).toContain(deployments[serving.track]);
    const selectors = [
      ...servicesOf(state).map(({ name, spec }) => [name, spec.selector] as const),
      ...specsOf<Workload>(state, "poddisruptionbudgets").map(
        ({ name, spec }) => [name, spec.selector.matchLabels] as const,
      ),
    ];
    for (const [name, selector] of selectors) {
      const tried = isPreviewed && beside ? [deployments[beside.track]] : [];
      const wanted = name === "team-bridge" ? [name] : name === previewOf("team") ? tried : servingIn(state);
      expect([name, namesFor(state, selector)]).toEqual([name, wanted]);
    }
  });
});

test("network policies find the pods of all tracks, and the bridge lets them in", () => {
  holdsInEachState((state) => {
    const servers = workloadsOf(state).flatMap(({ name }) => (name === "team-bridge" ? [] : name));
    type Peer = { readonly namespaceSelector?: object; readonly podSelector?: { readonly matchLabels?: Labels } };
    type Policy = {
      readonly podSelector: { readonly matchLabels: Labels };
      readonly ingress: readonly { readonly from: readonly Peer[]; readonly ports: readonly { port: number }[] }[];
    };
    const [server, bridge] = specsOf<Policy>(state, "networkpolicies");
    expect(namesFor(state, server!.spec.podSelector.matchLabels)).toEqual(servers);
    expect(namesFor(state, bridge!.spec.podSelector.matchLabels)).toEqual(["team-bridge"]);
    const peers = bridge!.spec.ingress.flatMap(({ from, ports }) => (ports[0]?.port === 9001 ? from : []));
    const letIn = peers.flatMap(({ namespaceSelector, podSelector }) =>
      namespaceSelector === undefined ? namesFor(state, podSelector?.matchLabels ?? {}) : [],
    );
    expect(letIn).toEqual(servers);
  });
});

test("workloads find their own pods, green ones no others, and the autoscaler the Deployment that clients reach", () => {
  holdsInEachState((state) => {
    for (const { name, spec } of workloadsOf(state)) {
      const found = namesFor(state, spec.selector.matchLabels);
      // A selector cannot change: that of the blue servers is older than tracks. Pods have a controller, which nobody takes over.
      expect(name === deployments.blue ? found : [name]).toContain(name);
      if (name !== deployments.blue) expect(found).toEqual([name]);
    }
    type Autoscaler = { readonly scaleTargetRef: { readonly name: string } };
    for (const { spec } of specsOf<Autoscaler>(state, "horizontalpodautoscalers")) {
      expect(spec.scaleTargetRef.name).toBe(deployments[state.plan.serving.track]);
      expect(workloadsOf(state).map(({ name }) => name)).toContain(spec.scaleTargetRef.name);
    }
  });
});

test("Prometheus finds each pod that clients reach, and the bridge, once", () => {
  holdsInEachState((state) => {
    type Monitor = {
      readonly selector: { readonly matchLabels: Labels };
      readonly endpoints: readonly { readonly port: string }[];
    };
    const scraped = specsOf<Monitor>(state, "servicemonitors").flatMap(({ spec: { selector, endpoints } }) =>
      servicesOf(state)
        .filter(({ labels }) => matches(selector.matchLabels, labels))
        .flatMap(({ spec: { selector, ports } }) =>
          ports.filter(({ name }) => name === endpoints[0]?.port).flatMap(() => namesFor(state, selector)),
        ),
    );
    expect(scraped.sort()).toEqual(["team-bridge", ...servingIn(state)].sort());
  });
});

test("Services lead to ports of the pods, Ingresses to ports of Services, and probes to ports of their container", () => {
  holdsInEachState((state) => {
    const services = servicesOf(state);
    for (const { spec } of services) {
      for (const { name, ports } of podsFor(state, spec.selector).map(portsOf)) {
        // Pods of another version have the ports that it says, and those of every version.
        const isWanted = name === "team-bridge" || state.versions.get(name) === state.wanted;
        const asked = spec.ports.map(({ targetPort }) => targetPort);
        const always = asked.filter((port) => isWanted || port === "http" || port === "metrics");
        expect(ports).toEqual(expect.arrayContaining(always));
      }
    }
    for (const { spec } of specsOf<Ingress>(state, "ingresses")) {
      for (const { backend } of spec.rules.flatMap(({ http }) => http.paths)) {
        const led = services.find(({ name }) => name === backend.service.name)?.spec.ports.map(({ port }) => port);
        expect(led).toContain(backend.service.port.number);
      }
    }
    for (const { probed, ports } of workloadsOf(state).map(portsOf)) {
      expect(ports).toEqual(expect.arrayContaining(probed));
    }
  });
});

type Ingress = {
  readonly rules: readonly {
    readonly http: {
      readonly paths: readonly {
        readonly backend: { readonly service: { readonly name: string; readonly port: { readonly number: number } } };
      }[];
    };
  }[];
};

function portsOf({ name, spec }: { readonly name: string; readonly spec: Workload }) {
  const [{ ports, startupProbe, livenessProbe, readinessProbe }] = spec.template.spec.containers;
  const probed = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.port);
  return { name, probed, ports: ports.map((port) => port.name) };
}

test("what pods read is there as long as there are such pods", () => {
  holdsInEachState((state) => {
    const known = (plural: string) => specsOf(state, plural).map(({ name }) => name);
    for (const { spec } of workloadsOf(state)) {
      const { serviceAccountName, volumes } = spec.template.spec;
      expect(known("serviceaccounts")).toContain(serviceAccountName);
      const read = volumes.flatMap(({ secret }) => secret?.secretName ?? []).filter((name) => name !== "telegram");
      expect(known("secrets")).toEqual(expect.arrayContaining(read));
    }
  });
});
