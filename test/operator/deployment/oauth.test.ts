import { describe, expect, test } from "vitest";
import { childrenOf } from "../../../operator/deployment/desired/children.ts";
import { serverEnvironment } from "../../../operator/deployment/desired/configuration.ts";
import { serverNetworkPolicy } from "../../../operator/deployment/desired/network-policies.ts";
import { blueprint, specOf } from "./support/blueprint.ts";

const issuer = "https://auth.example.com:8443/realms/team";
const from = [{ namespaceSelector: { matchLabels: { name: "proxies" } } }];
const exposures = {
  Ingress: { mode: "Ingress", host: "mcp.example.com", ingressClassName: "other", from },
  "Ingress of ingress-nginx": { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" },
  HTTPRoute: { mode: "HTTPRoute", host: "mcp.example.com", parentRefs: [{ name: "web" }], from },
};

const withTokens = (oauth: object = {}, fields: object = {}) =>
  blueprint(specOf({ server: { auth: { oauth: { issuer, ...oauth } } }, ...fields }));

type Policy = { readonly egress: readonly { readonly to: readonly object[]; readonly ports: readonly object[] }[] };

const openTo = (from: ReturnType<typeof blueprint>) =>
  (serverNetworkPolicy(from).object.spec as Policy).egress.filter(({ to }) => JSON.stringify(to).includes("0.0.0.0/0"));

describe("access tokens", () => {
  test("are for the public URL, or for the one inside the cluster without an exposure", () => {
    const resourceOf = (from: ReturnType<typeof blueprint>) => serverEnvironment(from).MCP_OAUTH_RESOURCE;
    const exposure = { ...exposures.Ingress, path: "/team" };
    expect(resourceOf(withTokens({}, { exposure }))).toBe("https://mcp.example.com/team/mcp");
    expect(resourceOf(withTokens())).toBe(withTokens().url);
    expect(resourceOf(withTokens({ resource: "https://other.example.com/mcp" }))).toBe("https://other.example.com/mcp");
  });

  test("open the server's way to public addresses on the ports of issuer and keys, and to nothing inside", () => {
    const ports = (...numbers: number[]) => numbers.map((port) => ({ port, protocol: "TCP" }));
    expect(openTo(withTokens())).toMatchObject([{ ports: ports(8443) }]);
    expect(openTo(withTokens({ jwksUrl: "https://keys.example.com/jwks" }))).toMatchObject([
      { ports: ports(8443, 443) },
    ]);
    const [rule] = openTo(withTokens());
    expect(JSON.stringify(rule?.to)).toContain('"except":["10.0.0.0/8"');
  });

  test.each(Object.entries(exposures))("are led to their login at %s", (_mode, exposure) => {
    const text = JSON.stringify(childrenOf(withTokens({}, { exposure: { ...exposure, path: "/team" } })));
    expect(text).toContain('"/team/.well-known/oauth-protected-resource"');
  });

  test("leave no trace where nobody asks for them", () => {
    for (const exposure of Object.values(exposures)) {
      const from = blueprint(specOf({ exposure }));
      expect(JSON.stringify(childrenOf(from))).not.toMatch(/oauth/i);
      expect(openTo(from)).toEqual([]);
    }
  });
});
