import * as z from "zod";
import { interned } from "../../runtime/interned.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import type { Stored } from "../../runtime/store.ts";
import { printable } from "../printable.ts";

/** What the controllers report about the objects of the exposure. */
export type ExposureState = {
  /** IP addresses and names, as the controllers wrote them. */
  readonly addresses: readonly string[];
  /** What the Gateways report about an HTTPRoute. */
  readonly parents: readonly ParentState[];
};

export type ParentState = {
  readonly namespace: string;
  readonly name: string;
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
  /** The first of Accepted and ResolvedRefs that is not True; undefined when both are. */
  readonly problem?: { readonly type: string; readonly reason: string; readonly message: string };
};

/** What is kept of a Gateway. */
export type CachedGateway = Stored & { readonly addresses: readonly string[] };

/** Statuses are written by any controller: only content of the expected form is used. */
const text = z.string().max(32_768).catch("");
const list = <T extends z.ZodType>(item: T) => z.array(item).max(64).catch([]);

const addressed = z.object({
  loadBalancer: z.object({ ingress: list(z.object({ ip: text.optional(), hostname: text.optional() })) }),
});

/** The addresses in the status of a Service or an Ingress. */
export function addressesIn(status: unknown): string[] {
  const read = addressed.safeParse(status);
  if (!read.success) return [];
  return bounded(read.data.loadBalancer.ingress.map(({ ip, hostname }) => ip || hostname || ""));
}

const gatewayStatus = z.object({ addresses: list(z.object({ value: text })) });

export function reduceGateway({ metadata, status }: KubernetesObject): CachedGateway {
  const { namespace = "", name = "", uid = "", resourceVersion = "" } = metadata;
  const read = gatewayStatus.safeParse(status);
  const addresses = read.success ? bounded(read.data.addresses.map(({ value }) => value)) : [];
  return { namespace: interned(namespace), name, uid, resourceVersion, addresses };
}

/** A controller writes a few; more are ignored. */
const mostAddresses = 8;
const isAddress = (address: string) =>
  /^[0-9A-Za-z][-0-9A-Za-z.:]{0,252}$/.test(address) || /^::[0-9a-f:.]+$/i.test(address);
const bounded = (addresses: readonly string[]) => addresses.filter(isAddress).slice(0, mostAddresses);

const routeStatus = z.object({
  parents: list(
    z.object({
      parentRef: z.object({
        name: text,
        namespace: text.optional(),
        sectionName: text.optional(),
        port: z.number().optional(),
      }),
      conditions: list(
        z.object({
          type: text,
          status: text,
          reason: text,
          message: text,
          observedGeneration: z.number().optional(),
        }),
      ),
    }),
  ),
});

/** What was reported about the current generation of an HTTPRoute; older reports do not count. */
export function parentsIn({ metadata, status }: KubernetesObject): ParentState[] {
  const read = routeStatus.safeParse(status);
  if (!read.success) return [];
  const { generation = 0, namespace: own = "" } = metadata;
  return read.data.parents.flatMap(({ parentRef, conditions }) => {
    const current = conditions.filter(({ observedGeneration = generation }) => observedGeneration >= generation);
    const of = (type: string) => current.find((condition) => condition.type === type);
    if (!of("Accepted")) return [];
    const failing = [of("Accepted"), of("ResolvedRefs")].find((condition) => condition && condition.status !== "True");
    const { name, namespace = own, sectionName, port } = parentRef;
    return [{ namespace, name, sectionName, port, ...(failing ? { problem: inWords(failing) } : {}) }];
  });
}

const inWords = ({ type, reason, message }: { type: string; reason: string; message: string }) => ({
  type,
  reason: printable(reason, 64),
  message: printable(message, 256),
});
