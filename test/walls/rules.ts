import type { IForbiddenRuleType } from "dependency-cruiser";

/** A wall, and the import that would break it: from a file that it keeps in to a module that it keeps out. */
export type Wall = IForbiddenRuleType & {
  readonly name: string;
  readonly comment: string;
  readonly broken: { readonly from: string; readonly to: string };
};

const product = "^(contract|config|operator|server)/";
/** Node's modules that read or change something outside of the process. */
const inputAndOutput =
  "^(child_process|cluster|dgram|dns|fs|fs/promises|http|http2|https|net|os|process|readline|timers|timers/promises|tls|undici|worker_threads)$";

/** Which way imports may go: docs/architecture.md. Imports of types count. */
export const walls: readonly Wall[] = [
  {
    name: "the contract stands alone",
    comment: "Server, bridge and operator import it, so it must not bring in any of them, nor packages beyond zod.",
    from: { path: "^contract/" },
    to: { pathNot: "^contract/|^zod$|^crypto$" },
    broken: { from: "contract/event.ts", to: "config/schemas.ts" },
  },
  {
    name: "the mechanism of configuration stands alone",
    comment: "Server and operator have their own tables on it; it knows neither.",
    from: { path: "^config/" },
    to: { pathNot: "^config/|^zod$|^fs$" },
    broken: { from: "config/variable.ts", to: "contract/roles.ts" },
  },
  {
    name: "the operator does not import the server",
    comment: "What both need is in contract/ or config/.",
    from: { path: "^operator/" },
    to: { path: "^server/" },
    broken: { from: "operator/deployment/parts-probe.ts", to: "server/access/api-keys.ts" },
  },
  {
    name: "the server does not import the operator",
    comment: "What both need is in contract/ or config/.",
    from: { path: "^server/" },
    to: { path: "^operator/" },
    broken: { from: "server/roles/serve.ts", to: "operator/deployment/names.ts" },
  },
  {
    name: "the controller runtime does not know the product",
    comment: "It could serve any controller, and is tested as such.",
    from: { path: "^operator/runtime/" },
    to: { path: "^operator/(?!runtime/)|^(config|contract|server)/" },
    broken: { from: "operator/runtime/store.ts", to: "operator/deployment/names.ts" },
  },
  {
    name: "features know no transport",
    comment: "MCP and REST offer them alike, so they know neither, nor how a message gets to Telegram.",
    from: { path: "^server/(features|prompts|resources|tools)/" },
    to: { path: "^server/(bridge|config|http|listening|main|mcp|process|roles)[/.]" },
    broken: { from: "server/tools/tool.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "access knows no transport",
    comment: "Who calls and how often is found out in one way, whatever the caller came by.",
    from: { path: "^server/access/" },
    to: { path: "^server/(bridge|bridge-client|features|http|main|mcp|prompts|resources|roles|tools)[/.]" },
    broken: { from: "server/access/access.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "what MCP messages mean does not depend on how they come",
    comment: "Methods and eras are the same on every transport.",
    from: { path: "^server/mcp/(?!transports/)" },
    to: { path: "^server/(http|listening|main|roles)[/.]|^server/mcp/transports/|^fastify$|^(http|net|ws)$" },
    broken: { from: "server/mcp/dispatcher.ts", to: "server/mcp/transports/streamable-http/routes.ts" },
  },
  {
    name: "the SDKs of MCP are for tests and tools",
    comment: "Their objects in the path of a call cost more than the call, and shared ones mix up clients.",
    from: { path: "^(contract|operator|server)/" },
    to: { path: "@modelcontextprotocol/" },
    broken: { from: "server/mcp/dispatcher.ts", to: "@modelcontextprotocol/sdk/types.js" },
  },
  {
    name: "the bridge knows no server",
    comment:
      "It runs in a pod of its own; what it has in common with the server is how a process listens, starts and reports.",
    from: { path: "^server/bridge/" },
    to: { path: "^server/(access|bridge-client|config|features|http|main|mcp|prompts|resources|roles|tools)[/.]" },
    broken: { from: "server/bridge/intake.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "the server reaches the bridge through its client alone",
    comment: "Only the roles and the client of a bridge in the same process know the bridge itself.",
    from: { path: "^server/(access|features|http|json|listening|mcp|process|prompts|resources|telemetry|tools)/" },
    to: { path: "^server/bridge/" },
    broken: { from: "server/http/health-routes.ts", to: "server/bridge/status.ts" },
  },
  {
    name: "listening and telemetry are below everything else",
    comment: "Server and bridge use them alike.",
    from: { path: "^server/(listening|telemetry)/" },
    to: { path: "^server/(?!listening/|telemetry/)" },
    broken: { from: "server/listening/connections.ts", to: "server/http/authentication.ts" },
  },
  {
    name: "the product imports none of its tests and tools",
    comment: "An image holds what its program imports.",
    from: { path: product },
    to: { path: "^(attack|bench|conformance|docs|e2e|images|machine|test)/|^(build|generate|vitest\\.config)\\.ts" },
    broken: { from: "server/main.ts", to: "test/telegram/telegram.ts" },
  },
  {
    name: "images and the build know neither product nor cluster",
    comment: "They are given folders and names; what they make of them is for every program alike.",
    from: { path: "^images/|^build\\.ts" },
    to: { path: "^(attack|bench|conformance|e2e|operator|server|test)/" },
    broken: { from: "build.ts", to: "e2e/cluster/cluster.ts" },
  },
  {
    name: "nobody imports the build",
    comment: "It is a command; what others need of it is in images/.",
    from: {},
    to: { path: "^build\\.ts" },
    broken: { from: "e2e/setup.ts", to: "build.ts" },
  },
  {
    name: "the machine knows neither product, images nor cluster",
    comment: "Caches, commands and progress are there for every room.",
    from: { path: "^machine/" },
    to: { path: "^(attack|bench|conformance|e2e|images|operator|server|test)/" },
    broken: { from: "machine/cache.ts", to: "images/names.ts" },
  },
];

/** Over imports that exist when a program runs: those of types vanish. */
export const runtimeWalls: readonly Wall[] = [
  {
    name: "desired objects and conditions are pure",
    comment: "They are functions of blueprint and snapshot: whatever they reach does no input or output either.",
    from: { path: "^operator/deployment/(desired|conditions)/" },
    to: { path: inputAndOutput, reachable: true },
    broken: { from: "operator/deployment/desired/pod.ts", to: "node:fs" },
  },
  {
    name: "no file imports itself by way of others",
    comment: "Which of them runs first would depend on who imports them.",
    from: {},
    to: { circular: true },
    broken: { from: "server/roles/serve.ts", to: "server/roles/serve.ts" },
  },
];
