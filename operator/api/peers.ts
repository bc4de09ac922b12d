import * as z from "zod";
import { labelMap, rule, rules } from "./schema.ts";

const selector = z.strictObject({
  matchLabels: labelMap(20).optional().describe("Labels to match. Default: everything matches."),
});

/** Pods, selected as in a network policy. */
export const podPeer = {
  namespaceSelector: selector.optional().describe("Namespaces of the pods. Default: this namespace."),
  podSelector: selector.optional().describe("The pods. Default: all in those namespaces."),
};

const isEmpty = (field: string) => `(!has(self.${field}.matchLabels) || self.${field}.matchLabels.size() == 0)`;

const namesSomebody = {
  rule: `!has(self.namespaceSelector) || !${isEmpty("namespaceSelector")} || (has(self.podSelector) && !${isEmpty("podSelector")})`,
  message:
    "an empty namespaceSelector alone would let every pod of the cluster in: set labels of namespaces, or of pods",
};

/** Pods that may connect. To allow everything there is `mode: Disabled`, which is easier to notice. */
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

/** Proxies in front of the server: pods, or addresses of nodes if they use the host network. */
export const proxyPeers = () =>
  z
    .array(
      z
        .strictObject({
          cidr: cidr()
            .optional()
            .describe("Addresses, for a proxy that uses the host network, for example 10.0.0.0/24."),
          ...podPeer,
        })
        .meta(
          rules(addressOrPods, namesSomebody, {
            rule: "!has(self.cidr) || !isCIDR(self.cidr) || cidr(self.cidr).prefixLength() > 0",
            message: "cidr must not be everybody: the server trusts the client addresses that these addresses report",
          }),
        ),
    )
    .min(1)
    .max(50);
