import fc from "fast-check";
import { ports } from "../../../../contract/ports.ts";
import { weekdays } from "../../../../contract/quiet-hours.ts";
import { type DeploymentSpec, deploymentSpec } from "../../../../operator/api/spec.ts";

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const name = (max: number) => fc.stringMatching(new RegExp(`^[a-z0-9]([-a-z0-9]{0,${max - 2}}[a-z0-9])?$`));
const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), fc.stringMatching(/^[a-z0-9]{0,10}$/), { maxKeys: 3 });
const quantity = fc.oneof(
  fc.stringMatching(/^[1-9][0-9]{0,3}(\.[0-9]{1,3})?(m|k|M|G|T|Ki|Mi|Gi|Ti|e[12]?[0-9])?$/),
  fc.integer({ min: 1, max: 1_000_000 }),
);
const sizes = fc.record({ cpu: quantity, memory: quantity }, { requiredKeys: [] });
const resources = fc.record({ requests: sizes, limits: sizes }, { requiredKeys: [] });
const logLevel = fc.constantFrom("trace", "debug", "info", "warn", "error", "fatal");

const toleration = fc.record(
  {
    key: fc.stringMatching(/^[a-z]{1,10}$/),
    operator: fc.constantFrom("Exists", "Equal"),
    effect: fc.constantFrom("NoSchedule", "NoExecute"),
  },
  { requiredKeys: [] },
);

const podTemplate = fc.record(
  {
    labels,
    annotations: labels,
    nodeSelector: labels,
    tolerations: fc.array(toleration, { maxLength: 3 }),
    priorityClassName: name(30),
  },
  { requiredKeys: [] },
);

const client = fc.record(
  {
    name: name(40),
    permissions: fc.uniqueArray(fc.stringMatching(/^(\*|[a-z][a-z0-9_]{0,63})$/), { maxLength: 4 }),
    access: fc.constantFrom("Enabled", "Disabled"),
    expires: fc.constantFrom("2027-01-31T00:00:00Z", "2027-01-31T12:00:00.5+02:00", "2001-01-01T00:00:00-11:30"),
    requests: fc.integer({ min: 1, max: 1_000_000 }),
    keySecretRef: fc.record({ name: name(253), key: fc.constantFrom("key", "api") }, { requiredKeys: ["name"] }),
  },
  { requiredKeys: ["name"] },
);

const variable = fc.record({ name: fc.stringMatching(/^X_[A-Z0-9_]{1,20}$/), value: fc.string({ maxLength: 20 }) });
const env = fc.uniqueArray(variable, { selector: ({ name }) => name, maxLength: 3 });

const selector = fc.record({ matchLabels: labels }, { requiredKeys: [] });
const peer = fc.record({ namespaceSelector: selector, podSelector: selector }, { requiredKeys: [] });
const peers = fc.array(peer, { maxLength: 3 });
const tcpPorts = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 3 });
const egress = fc.oneof(
  fc.record({ cidr: fc.constantFrom("10.0.0.0/8", "fd00::/64", "0.0.0.0/0"), ports: tcpPorts }),
  fc.record(
    { namespaceSelector: selector, podSelector: selector, ports: tcpPorts },
    { requiredKeys: ["podSelector", "ports"] },
  ),
);

const host = fc.stringMatching(/^[a-z]([-a-z0-9]{0,10}[a-z0-9])?[.]example[.]com$/);
const proxyPeer = fc.oneof(
  fc.record({ cidr: fc.constantFrom("10.1.2.0/24", "fd00::/64") }),
  fc.record({ namespaceSelector: fc.constant({ matchLabels: { name: "proxies" } }) }),
);
const behindProxy = {
  host,
  from: fc.array(proxyPeer, { minLength: 1, maxLength: 3 }),
  path: fc.stringMatching(/^(\/[a-z][a-z0-9._~-]{0,10}){1,3}$/),
  scheme: fc.constantFrom("http", "https"),
  requestTimeoutSeconds: fc.integer({ min: 0, max: 3600 }),
  annotations: labels,
  labels,
};
const exposure = fc.oneof(
  fc.constant({ mode: "None" }),
  fc.record(
    {
      ...behindProxy,
      mode: fc.constant("Ingress"),
      ingressClassName: fc.constantFrom("nginx", "traefik"),
      controller: fc.constantFrom("Auto", "IngressNginx", "Other"),
      tls: fc.oneof(
        fc.record({ secretName: name(20) }),
        fc.record({ issuer: name(20) }),
        fc.record({ clusterIssuer: name(20) }),
      ),
    },
    { requiredKeys: ["mode", "host", "from"] },
  ),
  fc.record(
    {
      ...behindProxy,
      mode: fc.constant("HTTPRoute"),
      parentRefs: fc.array(
        fc.record(
          {
            name: name(20),
            namespace: name(20),
            sectionName: name(20),
            port: fc.integer({ min: 1, max: 65_535 }),
          },
          { requiredKeys: ["name"] },
        ),
        { minLength: 1, maxLength: 3 },
      ),
    },
    { requiredKeys: ["mode", "host", "from", "parentRefs"] },
  ),
  fc.record(
    {
      mode: fc.constant("LoadBalancer"),
      host,
      loadBalancerClass: fc.constant("example.com/lb"),
      loadBalancerSourceRanges: fc.uniqueArray(fc.constantFrom("203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32"), {
        minLength: 1,
      }),
      port: fc.integer({ min: 1, max: 65_535 }),
      labels,
    },
    { requiredKeys: ["mode", "loadBalancerSourceRanges"] },
  ),
);

const serverPorts = [ports.mcp, ports.proxied, ports.external, ports.metrics, ports.dashboard];

const banRule = fc.record({
  count: fc.integer({ min: 1, max: 100 }),
  windowSeconds: fc.integer({ min: 1, max: 86_400 }),
  banSeconds: fc.integer({ min: 1, max: 86_400 }),
});
const oauth = fc.record(
  {
    issuer: fc.constantFrom("https://auth.example.com/", "https://auth.example.com:8443/realms/team"),
    resource: fc.constantFrom("https://mcp.example.com/mcp", "http://mcp.internal:3000/"),
    jwksUrl: fc.constant("https://keys.example.com:444/jwks"),
    scopePrefix: fc.constantFrom("none", "team/"),
    offeredPermissions: fc.constantFrom(["send_telegram_message"], ["todo", "get_task_status"]),
    allScope: fc.constantFrom("Enabled", "Disabled"),
  },
  { requiredKeys: ["issuer"] },
);

const server = fc.record(
  {
    replicas: fc.integer({ min: 0, max: 100 }),
    auth: fc.record(
      {
        clients: fc.uniqueArray(client, { selector: ({ name }) => name, maxLength: 4 }),
        rotationGraceSeconds: fc.integer({ min: 0, max: 2_592_000 }),
        rotationDays: fc.integer({ min: 1, max: 3650 }),
        oauth,
      },
      { requiredKeys: ["clients"] },
    ),
    autoscaling: fc.record(
      {
        mode: fc.constantFrom("Auto", "Enabled", "Disabled"),
        minReplicas: fc.integer({ min: 1, max: 50 }),
        maxReplicas: fc.integer({ min: 50, max: 100 }),
        metrics: fc.uniqueArray(
          fc.record({
            type: fc.constantFrom("CallsInFlight", "QueueAge"),
            target: fc.integer({ min: 1, max: 1_000_000 }),
          }),
          { selector: ({ type }) => type, maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    ),
    rateLimit: fc.record({
      mode: fc.constantFrom("Enabled", "Disabled"),
      requests: fc.integer({ min: 1, max: 1_000_000 }),
      windowSeconds: fc.integer({ min: 1, max: 3600 }),
      blockSeconds: fc.integer({ min: 0, max: 86_400 }),
    }),
    bans: fc.record({
      mode: fc.constantFrom("Enabled", "Disabled"),
      authenticationFailures: banRule,
      exceededLimits: banRule,
    }),
    inputValidation: fc.constantFrom("Strict", "Lenient"),
    trustedProxies: fc.uniqueArray(fc.constantFrom("10.1.2.3", "10.0.0.0/8", "fd00::/8", "2001:db8::1")),
    allowedOrigins: fc.uniqueArray(fc.constantFrom("https://tools.example.com", "http://localhost:3000")),
    allowedHosts: fc.uniqueArray(fc.constantFrom("mcp.internal", "10.96.0.7", "fd00::7")),
    secondPort: fc
      .integer({ min: 1024, max: 65_535 })
      .filter((port) => !(serverPorts as readonly number[]).includes(port)),
    logLevel,
    resources,
    env,
    podTemplate,
  },
  { requiredKeys: [] },
);

const bridge = fc.record(
  {
    storage: fc.record({
      size: quantity,
      retention: fc.constantFrom("Delete", "Retain"),
      growth: fc.record({
        mode: fc.constantFrom("Auto", "Disabled"),
        thresholdPercent: fc.integer({ min: 50, max: 95 }),
      }),
    }),
    queue: fc.record(
      {
        maxMessages: fc.integer({ min: 1, max: 1_000_000 }),
        deduplicationSeconds: fc.integer({ min: 1, max: 86_400 }),
      },
      { requiredKeys: ["maxMessages"] },
    ),
    limits: fc.record({
      messagesPerSecond: fc.integer({ min: 1, max: 1000 }),
      messagesPerChatPerSecond: fc.integer({ min: 1, max: 30 }),
    }),
    logLevel,
    resources,
    env,
    podTemplate,
  },
  { requiredKeys: [] },
);

const chatId = fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }).filter((id) => id !== 0);

const chats = fc.uniqueArray(
  fc.record(
    {
      name: name(40),
      id: fc.oneof(chatId, fc.stringMatching(/^@[A-Za-z][A-Za-z0-9_]{3,31}$/)),
      topic: fc.integer({ min: 1, max: 2_147_483_647 }),
    },
    { requiredKeys: ["name", "id"] },
  ),
  { selector: ({ name }) => name, maxLength: 4 },
);
const patterns = (expression: RegExp) => fc.uniqueArray(fc.stringMatching(expression), { minLength: 1, maxLength: 3 });

/** Chats, and routes that name them. */
const routing = chats.chain((known) => {
  const names = fc.constantFrom("allowedUsers", ...known.map(({ name }) => name));
  const route = fc.record(
    {
      eventTypes: patterns(/^[ !#%-[\]-~]{1,64}$/),
      sources: patterns(/^[^\p{Cc}"$\\]{1,20}$/u),
      severities: patterns(/^[a-z]{1,20}$/),
      clients: patterns(/^[a-z*]{1,20}$/),
      chats: fc.uniqueArray(names, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ["eventTypes", "chats"] },
  );
  return fc.record({ chats: optional(fc.constant(known)), routes: fc.array(route, { maxLength: 3 }) }).map((each) => ({
    ...each,
    // What names chats needs them.
    routes: each.chats === undefined ? undefined : each.routes,
  }));
});

/** Administrators are some of the people. */
function withAdmins<Telegram extends { readonly allowedUsers: readonly number[] }>(telegram: Telegram) {
  const people = telegram.allowedUsers.filter((id) => id > 0);
  const admins = fc.option(fc.subarray(people), { nil: undefined });
  return admins.map((some) => ({ ...telegram, ...(some && { admins: some }) }));
}

const spec = fc.record(
  {
    profile: fc.constantFrom("Development", "Staging", "Production"),
    loadLevel: fc.constantFrom("Low", "Medium", "High", "VeryHigh"),
    version: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/),
    images: fc.record({ pullSecrets: fc.uniqueArray(name(20), { maxLength: 3 }) }),
    telegram: fc
      .record(
        {
          botTokenSecretRef: fc.record({ name: name(30), key: fc.stringMatching(/^[-._a-zA-Z0-9]{1,20}$/) }),
          allowedUsers: fc.uniqueArray(chatId, {
            minLength: 1,
            maxLength: 5,
          }),
          updates: fc.constantFrom("Polling", "None"),
          timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"),
          messageStyle: fc.constantFrom("concise", "detailed"),
          quietHours: fc.record(
            {
              start: fc.constantFrom("00:00", "22:00"),
              end: fc.constantFrom("07:00", "24:00"),
              days: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }),
            },
            { requiredKeys: ["start", "end"] },
          ),
          apiUrl: fc.constantFrom(
            "http://telegram.test:8081",
            "https://api.example.com/",
            "https://proxy.example.com/bot",
          ),
        },
        { requiredKeys: ["botTokenSecretRef", "allowedUsers"] },
      )
      .chain(withAdmins),
    server,
    bridge,
    exposure,
    networkPolicy: fc.record({
      mode: fc.constantFrom("Restricted", "Disabled"),
      ingressFrom: peers,
      egressTo: fc.array(egress, { maxLength: 3 }),
      dnsPorts: tcpPorts,
    }),
    monitoring: fc.record({
      ingressFrom: peers,
      dashboard: fc.record({ mode: fc.constantFrom("Enabled", "Disabled"), ingressFrom: peers }),
    }),
    proxy: fc.record(
      {
        httpProxy: fc.constant("http://proxy.example.com:3128"),
        httpsProxy: fc.constant("http://proxy.example.com:3128"),
        noProxy: fc.uniqueArray(name(20), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
    podSecurity: fc.record({ userIds: fc.constantFrom("Image", "Platform") }),
  },
  { requiredKeys: ["telegram"] },
);

/** Specs as the API server would store them: valid ones, with their defaults. */
export const arbitrarySpec: fc.Arbitrary<DeploymentSpec> = fc
  .tuple(spec, routing, optional(fc.constant("Paused" as const)))
  .map(([fields, { chats, routes }, reconciliation]) =>
    deploymentSpec.parse({
      ...fields,
      telegram: { ...fields.telegram, ...(chats ? { chats } : {}), ...(routes ? { routes } : {}) },
      ...(reconciliation ? { reconciliation } : {}),
    }),
  );
