import * as types from "../../../../operator/deployment/resource-types.ts";
import type { ResourceType } from "../../../../operator/runtime/resource-type.ts";

export const importedKey = "4".repeat(64);

/** What the guides have people make, under co8/cctelegram's names. */
export function handMadeInstallation(): readonly (readonly [ResourceType, object])[] {
  const labels = { app: "cctelegram-mcp-server" };
  const container = {
    name: "server",
    image: "docker.io/cctelegram/mcp-server:1.9.0",
    ports: [{ containerPort: 8080 }],
  };
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  };
  const keys = { [importedKey]: { name: "claude-production", permissions: ["send_telegram_event"], enabled: true } };
  const secret = {
    metadata: { name: "cctelegram-secrets" },
    stringData: { TELEGRAM_BOT_TOKEN: "123456789:AAFormer", MCP_API_KEYS: JSON.stringify(keys) },
  };
  const deployment = {
    metadata: { name: "cctelegram-mcp-server" },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ ...container, securityContext }] } },
    },
  };
  const service = {
    metadata: { name: "cctelegram-mcp-service" },
    spec: {
      selector: labels,
      sessionAffinity: "ClientIP",
      ports: [
        { name: "http", port: 8080, targetPort: 8080 },
        { name: "metrics", port: 9090, targetPort: 9090 },
      ],
    },
  };
  return [
    [types.secrets, secret],
    [types.deployments, deployment],
    [types.services, service],
  ];
}
