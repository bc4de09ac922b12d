import type { IForbiddenRuleType } from "dependency-cruiser";

/** A rule of dependency-cruiser, and an import that breaks it, to test the rule with. */
export type ImportRule = IForbiddenRuleType & {
  readonly name: string;
  readonly comment: string;
  readonly broken: { readonly from: string; readonly to: string };
};

const product = "^(contract|config|logging|operator|plugin|server)/";
/** Node's modules that read or change something outside of the process. */
const inputAndOutput =
  "^(child_process|cluster|dgram|dns|fs|fs/promises|http|http2|https|net|os|process|readline|timers|timers/promises|tls|undici|worker_threads)$";

/** Forbidden imports, as docs/architecture.md describes. Imports of types count. */
export const importRules: readonly ImportRule[] = [
  {
    name: "contract/ imports only zod and node:crypto",
    comment: "Server, bridge and operator import it, so it must not bring in any of them, nor packages beyond zod.",
    from: { path: "^contract/" },
    to: { pathNot: "^contract/|^zod$|^crypto$" },
    broken: { from: "contract/event.ts", to: "config/schemas.ts" },
  },
  {
    name: "config/ imports only zod and node:fs",
    comment: "Server and operator define their tables of variables with it; it knows neither.",
    from: { path: "^config/" },
    to: { pathNot: "^config/|^zod$|^fs$" },
    broken: { from: "config/variable.ts", to: "contract/roles.ts" },
  },
  {
    name: "logging stands alone",
    comment: "Server and operator have their own loggers on it; it knows neither.",
    from: { path: "^logging/" },
    to: { pathNot: "^logging/|^pino$|^(fs|tty)$" },
    broken: { from: "logging/stdout-logger.ts", to: "contract/log-levels.ts" },
  },
  {
    name: "the operator does not import the server",
    comment: "What both need is in contract/, config/ or logging/.",
    from: { path: "^operator/" },
    to: { path: "^server/" },
    broken: { from: "operator/deployment/probing/parts-probe.ts", to: "server/access/api-keys.ts" },
  },
  {
    name: "the server does not import the operator",
    comment: "What both need is in contract/, config/ or logging/.",
    from: { path: "^server/" },
    to: { path: "^operator/" },
    broken: { from: "server/roles/serve.ts", to: "operator/deployment/names.ts" },
  },
  {
    name: "the plugin imports contracts, and of the operator only what describes objects and the cluster's answers",
    comment: "It knows what a resource looks like and how the API server is asked, not how the operator decides.",
    from: { path: "^plugin/" },
    to: {
      path: "^(config|logging|server)/|^operator/(?!api/|deployment/(names|resource-types)\\.ts|runtime/(api-error|exchange|kubernetes-object|resource-type|transport)\\.ts)",
    },
    broken: { from: "plugin/commands/status.ts", to: "operator/deployment/gathering/snapshot.ts" },
  },
  {
    name: "the product does not import the plugin",
    comment: "It runs on the machines of people. Its reference is generated from it, and tests run it.",
    from: { path: "^(contract|config|logging|operator|server|machine|images)/" },
    to: { path: "^plugin/" },
    broken: { from: "operator/deployment/reconcile.ts", to: "plugin/run.ts" },
  },
  {
    name: "only cluster/ of the plugin reaches the cluster",
    comment: "Commands get what they need as arguments, and what is shown is made by functions.",
    from: { path: "^plugin/(?!cluster/|main\\.ts|files\\.ts|run\\.ts)" },
    to: { path: "^@kubernetes/|client-node|^(child_process|fs|fs/promises|http|https|net|tls)$|^ws$" },
    broken: { from: "plugin/commands/status.ts", to: "node:net" },
  },
  {
    name: "the controller runtime does not import the product",
    comment: "It could serve any controller, and is tested as such.",
    from: { path: "^operator/runtime/" },
    to: { path: "^operator/(?!runtime/)|^(config|contract|logging|server)/" },
    broken: { from: "operator/runtime/store.ts", to: "operator/deployment/names.ts" },
  },
  {
    name: "features do not import a transport",
    comment: "MCP and REST offer the same features, so these know neither of them, nor how a message gets to Telegram.",
    from: { path: "^server/(features|prompts|resources|tools)/" },
    to: { path: "^server/(bridge|config|http|listening|main|mcp|monitoring|process|roles)[/.]" },
    broken: { from: "server/tools/tool.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "access does not import a transport",
    comment: "Every transport finds out in the same way who calls, and how often.",
    from: { path: "^server/access/" },
    to: { path: "^server/(bridge|bridge-client|features|http|main|mcp|monitoring|prompts|resources|roles|tools)[/.]" },
    broken: { from: "server/access/access.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "methods and eras of MCP do not import a transport",
    comment: "A message means the same on every transport.",
    from: { path: "^server/mcp/(?!transports/)" },
    to: { path: "^server/(http|listening|main|roles)[/.]|^server/mcp/transports/|^fastify$|^(http|net|ws)$" },
    broken: { from: "server/mcp/dispatcher.ts", to: "server/mcp/transports/streamable-http/routes.ts" },
  },
  {
    name: "the product does not import an SDK of MCP",
    comment: "An object of an SDK costs more than the call that it handles, and one that is shared mixes up clients.",
    from: { path: "^(contract|operator|plugin|server)/" },
    to: { path: "@modelcontextprotocol/" },
    broken: { from: "server/mcp/dispatcher.ts", to: "@modelcontextprotocol/sdk/types.js" },
  },
  {
    name: "the bridge does not import the server",
    comment:
      "It runs in its own pod. It shares with the server only how a process listens, starts, stops, logs and measures.",
    from: { path: "^server/bridge/" },
    to: {
      path: "^server/(access|backup|bridge-client|config|features|http|main|mcp|monitoring|prompts|resources|roles|tools)[/.]",
    },
    broken: { from: "server/bridge/intake/intake.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "only roles and bridge-client import the bridge",
    comment: "The rest of the server uses bridge-client, whether the bridge runs in the same process or not.",
    from: {
      path: "^server/(access|backup|features|http|json|listening|mcp|monitoring|process|prompts|resources|telemetry|tools)/",
    },
    to: { path: "^server/bridge/" },
    broken: { from: "server/http/health-routes.ts", to: "server/bridge/status/status.ts" },
  },
  {
    name: "the bridge's storage imports no other room of the bridge",
    comment: "The queue and everything else that has to last are written to one file, which knows none of them.",
    from: { path: "^server/bridge/storage/" },
    to: { path: "^server/bridge/(?!storage/|refused-error)" },
    broken: { from: "server/bridge/storage/sqlite-file.ts", to: "server/bridge/queue/queue.ts" },
  },
  {
    name: "listening, outgoing and telemetry import no other part of the server",
    comment: "Server and bridge both use them.",
    from: { path: "^server/(listening|outgoing|telemetry)/" },
    to: { path: "^server/(?!listening/|outgoing/|telemetry/)" },
    broken: { from: "server/listening/connections.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "the product imports no tests or tools",
    comment: "An image contains everything that its program imports.",
    from: { path: product },
    to: { path: "^(attack|bench|conformance|docs|e2e|images|machine|test)/|^(build|generate|vitest\\.config)\\.ts" },
    broken: { from: "server/main.ts", to: "test/telegram/telegram.ts" },
  },
  {
    name: "images and the build import neither product nor cluster",
    comment: "They get folders and names as arguments, and build every program the same way.",
    from: { path: "^images/|^build\\.ts" },
    to: { path: "^(attack|bench|conformance|e2e|operator|plugin|server|test)/" },
    broken: { from: "build.ts", to: "e2e/cluster/cluster.ts" },
  },
  {
    name: "nobody imports the build",
    comment: "It is a command; code that others need is in images/.",
    from: {},
    to: { path: "^build\\.ts" },
    broken: { from: "e2e/setup.ts", to: "build.ts" },
  },
  {
    name: "machine/ imports neither product, images nor cluster",
    comment: "Every other folder may use caches, commands and progress.",
    from: { path: "^machine/" },
    to: { path: "^(attack|bench|conformance|e2e|images|operator|plugin|server|test)/" },
    broken: { from: "machine/cache.ts", to: "images/names.ts" },
  },
];

/** Rules for imports that exist at run time: those of types do not count. */
export const runtimeImportRules: readonly ImportRule[] = [
  {
    name: "desired objects and conditions are pure",
    comment:
      "They are functions of blueprint and snapshot; nothing that they import, directly or not, may do input or output.",
    from: { path: "^operator/deployment/(desired|status/conditions)/" },
    to: { path: inputAndOutput, reachable: true },
    broken: { from: "operator/deployment/desired/pod.ts", to: "node:fs" },
  },
  {
    name: "what the plugin shows and decides is pure",
    comment: "Trees, tables, configurations, completions and archives are functions of what was read.",
    from: { path: "^plugin/(completion|configuration|rendering|rollout|report/(scrub|tar)\\.ts)" },
    to: { path: inputAndOutput, reachable: true },
    broken: { from: "plugin/rendering/tree.ts", to: "node:fs" },
  },
  {
    name: "formatting and pacing of the bridge are pure",
    comment: "What a message says and when it is sent are functions of values that come in; times come in, too.",
    from: { path: "^server/bridge/(formatting|pacing)/" },
    to: { path: inputAndOutput, reachable: true },
    broken: { from: "server/bridge/pacing/pacer.ts", to: "node:timers" },
  },
  {
    name: "what the bridge decides about what people say is pure",
    comment: "What an update means, when to ask again and whether all is well are tested without Telegram or a disk.",
    from: { path: "^server/bridge/receiving/(meaning|poll-plan|receiving-state|stranger-line|update|webhook)\\.ts" },
    to: { path: inputAndOutput, reachable: true },
    broken: { from: "server/bridge/receiving/meaning.ts", to: "node:timers" },
  },
  {
    name: "there are no circular imports",
    comment: "The order in which the files of a cycle run depends on which one is imported first.",
    from: {},
    to: { circular: true },
    broken: { from: "server/roles/serve.ts", to: "server/roles/serve.ts" },
  },
];
