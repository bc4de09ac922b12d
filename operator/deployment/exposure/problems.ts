import type { Snapshot } from "../snapshot.ts";
import type { Check } from "../status/check.ts";
import { exposureOf, gatewaysOf } from "./exposure.ts";
import type { ExposureState, ParentState } from "./state.ts";

/** Everything that is known about the exposure; undefined without one. */
export type ExposureSnapshot = {
  /** The CRD of HTTPRoute is installed. */
  readonly hasHttpRoute: boolean;
  /** What the controllers report; undefined while our object does not exist. */
  readonly state: ExposureState | undefined;
  /** Gateways that the operator may not read, as sentences. */
  readonly unseen: readonly string[];
  /** State of the Secret with the certificate; undefined if none is needed. */
  readonly certificate: "Present" | "Missing" | "Unusable" | undefined;
  /** Whether public addresses may be probed. */
  readonly isProbed: boolean;
  /** It has failed for longer than a start takes. */
  readonly lasting: boolean;
  /** In how many ms that will be so, if it continues to fail. */
  readonly settlesInMs: number;
  readonly nowMs: number;
};

const problem = (reason: string, message: string) => ({ reason, message });

/** A check of the exposure; no problem without one. */
const ofExposure =
  (check: (exposure: ExposureSnapshot, snapshot: Snapshot) => ReturnType<Check>): Check =>
  (snapshot) =>
    snapshot.exposure && check(snapshot.exposure, snapshot);

const definitionIsMissing = ofExposure(({ hasHttpRoute }, { resource }) =>
  resource.spec.exposure.mode !== "HTTPRoute" || hasHttpRoute
    ? undefined
    : problem(
        "GatewayAPINotInstalled",
        "the CustomResourceDefinition httproutes.gateway.networking.k8s.io is not installed: install the Gateway API, version 1.0 or newer, and a controller for it",
      ),
);

const isNotMade = ofExposure(({ state }, { resource }) =>
  state ? undefined : problem("NotCreated", `the ${objectOf(resource.spec.exposure.mode)} does not exist yet`),
);

const objectOf = (mode: string) => (mode === "LoadBalancer" ? "Service for the load balancer" : mode);

const routeIsNotAccepted = ofExposure(({ state }, { resource }) => {
  const wanted = gatewaysOf(resource.namespace, resource.spec);
  for (const gateway of wanted) {
    const parent = state?.parents.find((each) => isSame(each, gateway));
    const name = `Gateway ${gateway.namespace}/${gateway.name}`;
    if (!parent)
      return problem(
        "RouteNotAccepted",
        `${name} has not reported on the route: check that it exists, and that the controller of its GatewayClass runs`,
      );
    if (parent.problem) {
      const { type, reason, message } = parent.problem;
      return problem(type === "Accepted" ? "RouteNotAccepted" : "RouteNotResolved", `${name}: ${reason}: ${message}`);
    }
  }
  return undefined;
});

const isSame = (parent: ParentState, wanted: ReturnType<typeof gatewaysOf>[number]) =>
  parent.namespace === wanted.namespace &&
  parent.name === wanted.name &&
  parent.sectionName === wanted.sectionName &&
  parent.port === wanted.port;

const certificateIsMissing = ofExposure(({ certificate }, { resource }) => {
  const { tls } = resource.spec.exposure;
  const secret = exposureOf(resource.name, resource.spec)?.tlsSecret;
  if (certificate === "Unusable")
    return problem(
      "CertificateUnusable",
      `Secret ${secret} has no certificate under the key tls.crt: check what created it`,
    );
  if (certificate !== "Missing") return undefined;
  if (tls?.secretName !== undefined)
    return problem(
      "CertificateNotFound",
      `Secret ${secret} does not exist: kubectl -n ${resource.namespace} create secret tls ${secret} --cert=<file> --key=<file>`,
    );
  return problem(
    "CertificateNotFound",
    `cert-manager has not created Secret ${secret} yet: kubectl -n ${resource.namespace} describe certificate ${secret}`,
  );
});

const hasNoAddress = ofExposure(({ state, unseen }, { resource }) => {
  if (!state || state.addresses.length > 0 || unseen.length > 0) return undefined;
  const { mode, ingressClassName } = resource.spec.exposure;
  const remedies: Readonly<Record<string, string>> = {
    Ingress: `the Ingress has no address: check that IngressClass ${ingressClassName ?? "(the default one)"} exists and its controller runs`,
    HTTPRoute: "the Gateway has no address: check its conditions",
    LoadBalancer:
      "the Service has no address: check that the cluster supports load balancers, and the Service's events",
  };
  return problem("NoAddress", remedies[mode] ?? "there is no address");
});

const doesNotAnswer: Check = ({ exposureProbe }) =>
  exposureProbe?.answered === false ? problem(exposureProbe.reason, exposureProbe.message) : undefined;

/** Steps from the object to the answer, in order. */
const steps: readonly Check[] = [
  definitionIsMissing,
  isNotMade,
  routeIsNotAccepted,
  certificateIsMissing,
  hasNoAddress,
  doesNotAnswer,
];

/** The first step that fails. */
export const exposureProblem: Check = (snapshot) =>
  snapshot.exposure && steps.map((check) => check(snapshot)).find((found) => found !== undefined);

/** The same, if it has failed for a while. */
export const isNotExposed: Check = (snapshot) => (snapshot.exposure?.lasting ? exposureProblem(snapshot) : undefined);

/** A working renewal happens earlier. */
const warnedBeforeMs = 14 * 24 * 60 * 60 * 1000;

export const certificateEndsSoon: Check = ({ exposure, exposureProbe }) => {
  if (!exposure || !exposureProbe?.answered || exposureProbe.certificateEnds === undefined) return undefined;
  if (Date.parse(exposureProbe.certificateEnds) - exposure.nowMs > warnedBeforeMs) return undefined;
  return problem(
    "CertificateEndsSoon",
    `the certificate expires on ${exposureProbe.certificateEnds.slice(0, 10)}: renew it`,
  );
};

/** A day, the longest delay of a timer. */
const mostMs = 24 * 60 * 60 * 1000;

/** In how many ms the judgement changes with time alone: a start has taken too long, or a certificate is about to expire. */
export function exposureLookAgainMs(snapshot: Snapshot): number | undefined {
  const { exposure, exposureProbe } = snapshot;
  if (!exposure) return undefined;
  if (exposureProblem(snapshot)) return exposure.lasting ? undefined : exposure.settlesInMs;
  if (!exposureProbe?.answered || exposureProbe.certificateEnds === undefined) return undefined;
  const warnInMs = Date.parse(exposureProbe.certificateEnds) - warnedBeforeMs - exposure.nowMs;
  return warnInMs > 0 ? Math.min(warnInMs, mostMs) : undefined;
}
