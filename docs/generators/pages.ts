import { Registry } from "prom-client";
import { backupErrors, errors, proxyErrors } from "../../contract/error-catalogue.ts";
import { eventTypes } from "../../contract/event-types.ts";
import { backupDefinition } from "../../operator/api/backup-definition.ts";
import { customResourceDefinition } from "../../operator/api/custom-resource-definition.ts";
import { createBackupMetrics } from "../../operator/backup/metrics.ts";
import { variables as operatorVariables } from "../../operator/config.ts";
import { createSecretMetrics } from "../../operator/deployment/secrets/metrics.ts";
import { createMetrics } from "../../operator/runtime/metrics.ts";
import { createRelayMetrics } from "../../server/bridge/relay/relay-metrics.ts";
import { createBridgeMetrics } from "../../server/bridge/status/metrics.ts";
import { otherMeaning } from "../../server/config/other-meaning.ts";
import { variables as serverVariables } from "../../server/config/variables.ts";
import { version } from "../../server/config/version.ts";
import { withoutEffect } from "../../server/config/without-effect.ts";
import { features } from "../../server/features/features.ts";
import { openApiText } from "../../server/http/openapi/document.ts";
import { httpRoutes } from "../../server/http/routes.ts";
import { methods } from "../../server/mcp/methods/registry.ts";
import { createServerMetrics } from "../../server/telemetry/metrics.ts";
import { tools } from "../../server/tools/registry.ts";
import { usualLimit } from "../../server/tools/tool.ts";
import { listingOf } from "../../server/tools/tool-listing.ts";
import { auditPage } from "./audit.ts";
import { configurationPage } from "./configuration.ts";
import { customResourcePage } from "./custom-resource.ts";
import { errorsPage } from "./errors.ts";
import { guideVariablesPage } from "./guide-variables.ts";
import { mcpPage } from "./mcp.ts";
import { type MetricGroups, metricsOf, metricsPage } from "./metrics.ts";
import { pluginPage } from "./plugin.ts";
import type { Schema } from "./schema-fields.ts";
import { securityPage } from "./security.ts";
import { toolsPage } from "./tools.ts";

/** The reference pages, by path from the root of the project. */
export async function referencePages(): Promise<Record<string, string>> {
  const listed = [...tools.values()].map((tool) => {
    const listing = listingOf(tool);
    return { ...listing, annotations: { ...listing.annotations }, limit: tool.limit ?? usualLimit };
  });
  return {
    "docs/reference/audit.md": auditPage(),
    "docs/reference/cctelegramdeployment.md": customResourcePage(definition(customResourceDefinition())),
    "docs/reference/cctelegrambackup.md": customResourcePage(definition(backupDefinition())),
    "docs/reference/configuration.md": configurationPage({ server: serverVariables, operator: operatorVariables }),
    "docs/reference/errors.md": errorsPage(errors, proxyErrors, backupErrors),
    "docs/reference/guide-variables.md": guideVariablesPage(serverVariables, withoutEffect, otherMeaning),
    "docs/reference/kubectl-cctelegram.md": pluginPage(),
    "docs/reference/mcp.md": mcpPage({ methods, ...features }),
    "docs/reference/openapi.json": openApiText({ version, features, errors }),
    "docs/security.md": securityPage(),
    "docs/reference/tools.md": toolsPage(listed, eventTypes),
    "docs/reference/metrics.md": metricsPage(await metricGroups()),
  };
}

type CustomResource = ReturnType<typeof customResourceDefinition | typeof backupDefinition>;

function definition({ spec: { group, names, versions } }: CustomResource) {
  const [version] = versions;
  if (version === undefined) throw new Error("the custom resource has no version to describe");
  return {
    group,
    kind: names.kind,
    shortName: names.shortNames.join(", "),
    version: version.name,
    columns: version.additionalPrinterColumns,
    schema: version.schema.openAPIV3Schema as Schema,
  };
}

async function metricGroups(): Promise<MetricGroups> {
  const server = new Registry();
  createServerMetrics(server, [...tools.keys()], httpRoutes);
  const bridge = new Registry();
  createBridgeMetrics(bridge, () => ({
    stats: { usable: true, broken: false, pending: 0, failed: 0, refusedChats: [], refusedTopics: [] },
    now: 0,
    silenceSeconds: 0,
    paused: false,
    reachable: true,
    breaker: 0,
    depths: { urgent: 0, normal: 0, bulk: 0 },
    usage: { memory_usage_mb: 0, cpu_usage_percent: 0 },
    volume: { size_bytes: 1, free_bytes: 1 },
  }));
  const operator = createMetrics().registry;
  createBackupMetrics(operator);
  createSecretMetrics(operator);
  createRelayMetrics(bridge, () => ({ followers: 0, size: { bytes: 0 } }));
  return {
    server: await metricsOf(server),
    bridge: await metricsOf(bridge),
    operator: await metricsOf(operator),
  };
}
