/** The environments, in the order in which a version goes through them. */
export const environments = ["development", "staging", "production"] as const;

type Condition = {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number | undefined;
  readonly lastTransitionTime: string;
  readonly reason?: string;
};

/** The part of a CCTelegramDeployment that says what runs and since when; `rollout` is there when the operator keeps revisions. */
export type PromotedResource = {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly generation?: number };
  readonly spec: { readonly reconciliation?: string; readonly images?: { readonly server?: string } };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly runningImage?: string;
    readonly conditions?: readonly Condition[];
    readonly rollout?: {
      readonly target?: number;
      readonly revisions?: readonly { readonly outcome: string; readonly since?: string }[];
    };
  };
};

export type Proof =
  | { readonly image: string; readonly since: string }
  /** Why it has not proven itself: sentences that say what to do. */
  | { readonly obstacles: readonly string[] };

/**
 * The image that has proven itself: what all pods run, by its digest, in a resource that has been Ready for `provenForMs` without a change. An
 * image that a tag names is none, since the tag may name another one tomorrow.
 *
 * @example
 * ```ts
 * const proof = provenImage(resource, { nowMs: Date.now(), provenForMs: 3_600_000 });
 * if ("image" in proof) console.log(`${proof.image} has run since ${proof.since}`);
 * ```
 */
export function provenImage(
  resource: PromotedResource,
  { nowMs, provenForMs }: { readonly nowMs: number; readonly provenForMs: number },
): Proof {
  const obstacles = [...unsettled(resource), ...unready(resource)];
  const image = resource.status?.runningImage;
  if (image === undefined || !/@sha256:[a-f0-9]{64}$/.test(image)) {
    obstacles.push("status.runningImage names no digest that all pods run: set images.resolution to Digest, and wait");
  }
  const sinceMs = unchangedSince(resource);
  const restMs = sinceMs + provenForMs - nowMs;
  if (obstacles.length === 0 && restMs > 0) {
    obstacles.push(
      `it has run without a change only since ${new Date(sinceMs).toISOString()}: try again in ${Math.ceil(restMs / 60_000)} min, or say --proven-for`,
    );
  }
  if (obstacles.length > 0 || image === undefined) return { obstacles };
  return { image, since: new Date(sinceMs).toISOString() };
}

function unsettled({ metadata, spec, status }: PromotedResource): string[] {
  const found: string[] = [];
  if ((spec.reconciliation ?? "Active") !== "Active") {
    found.push(
      `reconciliation is ${spec.reconciliation}, so that nobody knows whether its spec works: set it to Active`,
    );
  }
  if (status?.observedGeneration !== metadata.generation) found.push("the operator has not seen the last change: wait");
  if (status?.rollout?.target !== undefined) found.push("a rollout is under way: wait until it has ended");
  return found;
}

/** What each condition has to be. */
const wanted: Readonly<Record<string, string>> = { Ready: "True", Progressing: "False", Degraded: "False" };

function unready({ metadata, status }: PromotedResource): string[] {
  return Object.entries(wanted).flatMap(([type, state]) => {
    const found = status?.conditions?.find((condition) => condition.type === type);
    if (found?.status === state && (type !== "Ready" || found.observedGeneration === metadata.generation)) return [];
    const seen = found === undefined ? "not known" : `${found.status} (${found.reason ?? "no reason"})`;
    return [`the condition ${type} is ${seen} instead of ${state} for the present spec: see kubectl describe`];
  });
}

/** When the last of what shows a change has changed, in milliseconds. */
function unchangedSince({ status }: PromotedResource): number {
  const times = [
    ...(status?.conditions ?? []).filter(({ type }) => type in wanted).map((condition) => condition.lastTransitionTime),
    ...(status?.rollout?.revisions ?? []).flatMap(({ outcome, since }) => (outcome === "Active" ? (since ?? []) : [])),
  ];
  return Math.max(0, ...times.map((time) => Date.parse(time)));
}

/** Why nothing goes from one environment to another; undefined when it does. */
export function wayRefused(from: string, to: string): string | undefined {
  const [a, b] = [from, to].map((name) => (environments as readonly string[]).indexOf(name)) as [number, number];
  const all = environments.join(", ");
  if (a < 0 || b < 0) return `there is no environment ${a < 0 ? from : to}: they are ${all}`;
  if (b === a + 1) return undefined;
  if (b > a)
    return `what runs in ${from} goes to ${environments[a + 1]} first, and to ${to} when it has proven itself there`;
  return `nothing goes from ${from} to ${to}: a version goes through ${all}. To go back, revert the commit that changed ${to}`;
}

/** The content of an environment's image.yaml. */
export const imagePatch = (name: string, image: string, { from, since }: { from: string; since: string }) => `\
# Written by \`npm run promote\`, which replaces this file: the image that has proven itself in the environment before.
# It has run in ${from} since ${since}.
apiVersion: cctelegram.io/v1alpha1
kind: CCTelegramDeployment
metadata:
  name: ${name}
spec:
  images:
    server: ${image}
`;
