import * as z from "zod";
import { cidr, proxyPeers } from "./peers.ts";
import { annotationMap, isLabelKey, labelMap, name, type Rule, rule, rules } from "./schema.ts";

/** CEL: the mode is one of `modes`. */
const inMode = (...modes: string[]) => `self.mode in [${modes.map((mode) => `'${mode}'`).join(", ")}]`;

/** Fields that apply to some modes only. `None` accepts all, so that the exposure can be switched off without losing them. */
const only = (field: string, modes: readonly string[], why: string): Rule => ({
  rule: `!has(self.${field}) || ${inMode("None", ...modes)}`,
  message: `${field} does not belong to this mode: ${why}`,
});

const behindProxy = ["Ingress", "HTTPRoute"];

/** CEL: class or field say that ingress-nginx serves the Ingress. */
const isIngressNginx =
  "((has(self.controller) && self.controller == 'IngressNginx') || ((!has(self.controller) || self.controller == 'Auto') && has(self.ingressClassName) && self.ingressClassName == 'nginx'))";

const modeRules: readonly Rule[] = [
  {
    rule: `!(${inMode(...behindProxy)}) || has(self.host)`,
    message: "host must be the public name, for example mcp.example.com, in the modes Ingress and HTTPRoute",
  },
  {
    rule: "self.mode != 'HTTPRoute' || has(self.parentRefs)",
    message: "parentRefs must name the Gateway in mode HTTPRoute",
  },
  {
    rule: `self.mode != 'Ingress' || has(self.from) || ${isIngressNginx}`,
    message:
      "from must say where the ingress controller's pods run: only they may reach the port on which X-Forwarded-For is trusted",
  },
  {
    rule: "self.mode != 'HTTPRoute' || has(self.from)",
    message:
      "from must say where the Gateway's pods run: only they may reach the port on which X-Forwarded-For is trusted",
  },
  {
    rule: "self.mode != 'LoadBalancer' || has(self.loadBalancerSourceRanges)",
    message:
      "loadBalancerSourceRanges must say who may call in mode LoadBalancer, for example 203.0.113.0/24; 0.0.0.0/0 allows everybody",
  },
  {
    rule: "self.mode != 'LoadBalancer' || !has(self.scheme) || self.scheme != 'https' || has(self.host)",
    message: "host must be the name in the certificate when the load balancer ends TLS",
  },
  {
    rule: "!has(self.tls) || !has(self.scheme) || self.scheme == 'https'",
    message: "tls needs the scheme https: leave out scheme, or tls",
  },
  {
    rule: "!has(self.tls) || self.mode != 'HTTPRoute'",
    message: "tls does not belong to mode HTTPRoute: the certificate is that of the Gateway's listener",
  },
  {
    rule: "!has(self.tls) || self.mode != 'LoadBalancer'",
    message:
      "tls does not belong to mode LoadBalancer, which passes connections on as they are: use Ingress or HTTPRoute for TLS",
  },
  {
    rule: "self.mode != 'LoadBalancer' || oldSelf.mode != 'LoadBalancer' || (has(self.loadBalancerClass) == has(oldSelf.loadBalancerClass) && (!has(self.loadBalancerClass) || self.loadBalancerClass == oldSelf.loadBalancerClass))",
    message: "loadBalancerClass of a Service cannot change: set mode None first, then LoadBalancer again",
  },
  only("path", behindProxy, "a load balancer does not look at paths"),
  only("from", behindProxy, "use loadBalancerSourceRanges"),
  only("requestTimeoutSeconds", behindProxy, "a load balancer passes connections on, not requests"),
  only("ingressClassName", ["Ingress"], "it is for Ingress"),
  only("controller", ["Ingress"], "it is for Ingress"),
  only("parentRefs", ["HTTPRoute"], "it is for HTTPRoute"),
  only("loadBalancerClass", ["LoadBalancer"], "it is for LoadBalancer"),
  only("loadBalancerSourceRanges", ["LoadBalancer"], "it is for LoadBalancer; restrict clients in the proxy instead"),
  only("port", ["LoadBalancer"], "it is for LoadBalancer; parentRefs has a port of its own"),
];

const tls = z
  .strictObject({
    secretName: name(253).optional().describe("Secret of type kubernetes.io/tls, in the namespace of this resource."),
    issuer: name(253).optional().describe("Issuer of cert-manager, in the namespace of this resource."),
    clusterIssuer: name(253).optional().describe("ClusterIssuer of cert-manager."),
  })
  .meta(
    rule(
      "[has(self.secretName), has(self.issuer), has(self.clusterIssuer)].filter(isSet, isSet).size() == 1",
      "tls must have one of secretName, issuer and clusterIssuer",
    ),
  );

const parentRef = z.strictObject({
  name: name(253).describe("Name of the Gateway."),
  namespace: name(63).optional().describe("Its namespace. Default: this one."),
  sectionName: name(253).optional().describe("Its listener. Default: all that match."),
  port: z.int().min(1).max(65_535).optional().describe("Port of its listener; if set, it is part of the public URL."),
});

const ownPrefix = "key.startsWith('cctelegram.io/')";

const ownAnnotations = annotationMap(
  50,
  {
    rule: `self.all(key, !(${ownPrefix}) && !(key in ['cert-manager.io/issuer', 'cert-manager.io/cluster-issuer', 'kubernetes.io/ingress.class']))`,
    message:
      "annotations of cctelegram.io, cert-manager.io/issuer, cert-manager.io/cluster-issuer and kubernetes.io/ingress.class are set by fields of the resource",
  },
  {
    rule: "self.all(key, !key.endsWith('-snippet') && !key.endsWith('-snippets'))",
    message:
      "snippets are configuration of the whole ingress controller, with its rights: create your own Ingress to use them",
  },
);

const ownLabels = labelMap(20, {
  rule: `self.all(key, !(${ownPrefix}) && !key.startsWith('app.kubernetes.io/'))`,
  message: "labels of cctelegram.io and app.kubernetes.io are set by the operator",
});

/** How clients outside of the cluster reach the server. */
export const exposureSpec = z
  .strictObject({
    mode: z
      .enum(["None", "Ingress", "HTTPRoute", "LoadBalancer"])
      .default("None")
      .describe("What the operator creates for clients outside the cluster. None: nothing."),
    host: name(253)
      .optional()
      .describe("Public name of the server. Default in mode LoadBalancer: the address of the Service.")
      .meta(rule("!isIP(self)", "host must be a name, not an address: certificates and routes need names")),
    path: z
      .string()
      .min(1)
      .max(200)
      .regex(/^(\/|(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)$/)
      .optional()
      .describe("Path before /mcp and /tools, if the host also serves other things. Default: /."),
    scheme: z
      .enum(["https", "http"])
      .optional()
      .describe(
        "Scheme of the public URL. Default: https; in mode LoadBalancer http. Set https there if the load balancer ends TLS.",
      ),
    tls: tls.optional().describe("Certificate of the Ingress. Default: the ingress controller's default certificate."),
    ingressClassName: name(253).optional().describe("IngressClass. Default: the cluster's default class."),
    controller: z
      .enum(["Auto", "IngressNginx", "Other"])
      .optional()
      .describe(
        "The controller whose annotations for limits, timeouts and buffering the Ingress gets. Auto (default): ingress-nginx for the class nginx, none for others.",
      ),
    parentRefs: z.array(parentRef).min(1).max(8).optional().describe("Gateways that the route is attached to."),
    from: proxyPeers()
      .optional()
      .describe(
        "The proxy's pods. The server trusts the client addresses that they report. Default for ingress-nginx: the namespace ingress-nginx.",
      ),
    requestTimeoutSeconds: z
      .int()
      .min(0)
      .max(3600)
      .optional()
      .describe("How long the proxy waits for an answer on /mcp. 0: the proxy's own default. Default: 300."),
    annotations: ownAnnotations
      .optional()
      .describe("Additional annotations of the Ingress, HTTPRoute or Service. They override the operator's own."),
    labels: ownLabels.optional().describe("Additional labels of the Ingress, HTTPRoute or Service."),
    loadBalancerClass: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe("Implementation of the load balancer. Default: the cluster's. It cannot change.")
      .meta(rule(isLabelKey("self"), "must be a class of load balancers, for example service.k8s.aws/nlb")),
    loadBalancerSourceRanges: z
      .array(cidr())
      .min(1)
      .max(50)
      .optional()
      .describe("Addresses that may call. The load balancer and the network policy both enforce it.")
      .meta({ "x-kubernetes-list-type": "set" }),
    port: z.int().min(1).max(65_535).optional().describe("Port of the load balancer. Default: 80; 443 with https."),
  })
  .meta(rules(...modeRules));
