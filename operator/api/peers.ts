import * as z from "zod";
import { labelMap, rule, rules } from "./schema.ts";

const selector = z.strictObject({
  matchLabels: labelMap(20).optional().describe("Labels to match; without any, all match."),
});

/** Pods, as a network policy names them. */
export const podPeer = {
  namespaceSelector: selector.optional().describe("Namespaces of the pods. Default: this namespace."),
  podSelector: selector.optional().describe("The pods. Default: all in those namespaces."),
};

const isEmpty = (field: string) => `(!has(self.${field}.matchLabels) || self.${field}.matchLabels.size() == 0)`;

const namesSomebody = {
  rule: `!has(self.namespaceSelector) || !${isEmpty("namespaceSelector")} || (has(self.podSelector) && !${isEmpty("podSelector")})`,
  message:
    "an empty namespaceSelector alone would let every pod of the cluster in: name labels of namespaces, or of pods",
};

/** Pods that come in. Who wants no rules has `mode: Disabled`, which everybody can see. */
export const ingressPeers = () =>
  z
    .array(z.strictObject(podPeer).meta(rules(namesSomebody)))
    .max(50)
    .default([]);

export const cidr = () =>
  z
    .string()
    .min(1)
    .max(49)
    .meta(rule("isCIDR(self)", "must be a range of addresses, for example 10.0.0.0/8 or fd00::/8"));

/** Either addresses or pods. */
export const addressOrPods = {
  rule: "has(self.cidr) != (has(self.namespaceSelector) || has(self.podSelector))",
  message: "an item must have either cidr, or selectors of namespaces and pods",
};

/** Proxies in front: pods, or addresses of nodes where they use the nodes' network. */
export const proxyPeers = () =>
  z
    .array(
      z
        .strictObject({
          cidr: cidr().optional().describe("Addresses, of a proxy in the network of the nodes: 10.0.0.0/24."),
          ...podPeer,
        })
        .meta(
          rules(addressOrPods, namesSomebody, {
            rule: "!has(self.cidr) || !isCIDR(self.cidr) || cidr(self.cidr).prefixLength() > 0",
            message: "cidr must not be everybody: whoever is named may say from which address a client comes",
          }),
        ),
    )
    .min(1)
    .max(50);
