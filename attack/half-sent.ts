import { METHODS } from "node:http";
import { httpRoutes } from "../server/http/routes.ts";
import { Installation } from "./installation.ts";
import { type Attempt, hold } from "./requests.ts";
import { failuresOf, memoryOf, type Outcome, type Scenario, survives } from "./scenario.ts";

const CONNECTIONS = 600;
/** Announced and sent bytes: below the limits of bodies that are in use anywhere, and never whole. */
const SIZES = [
  [1_048_570, 1_040_000],
  [262_000, 250_000],
] as const;
/**
 * MiB of resident memory, of limits of 384 and 512. The bodies are 370; of each connection a read or two is garbage, which is
 * collected late when the machine has more to do.
 */
const BOUNDS = { server: 220, bridge: 220 };

type Target = {
  readonly port: (installation: Installation) => string;
  readonly method: string;
  readonly path: string;
  readonly headers?: (installation: Installation) => string;
};

const http = (installation: Installation) => installation.http;
const serverMetrics = ({ server }: Installation) => server.addresses.metrics ?? "";
const intake = (installation: Installation) => installation.intake;
const bridgeMetrics = ({ bridge }: Installation) => bridge.addresses.metrics ?? "";

const knownPaths = httpRoutes.map(({ route }) => route.replace(":name", "send_telegram_event"));
const methods = METHODS.filter((method) => method !== "CONNECT");

const everyMethod = [...knownPaths, "/nothing"].flatMap((path) =>
  methods.map((method): Target => ({ port: http, method, path })),
);
const everyPort = ["/metrics", "/health", "/nothing"].flatMap((path): Target[] => [
  { port: serverMetrics, method: "POST", path },
  { port: intake, method: "POST", path },
  { port: bridgeMetrics, method: "POST", path },
]);

function halfSentBodies(name: string, targets: readonly Target[]): Scenario {
  return {
    name: `${CONNECTIONS} half-sent bodies: ${name}`,
    run: () => attack((installation, index) => half(installation, targets[index % targets.length], index)),
  };
}

function half(installation: Installation, target: Target | undefined, index: number): Attempt {
  const { port, method, path, headers } = target ?? { port: http, method: "POST", path: "/nothing" };
  const url = port(installation);
  const [announced, sent] = SIZES[index % SIZES.length] ?? SIZES[0];
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Type: application/json\r\n` +
    `${headers?.(installation) ?? ""}Content-Length: ${announced}\r\n\r\n{"message":"`;
  return { url, bytes: Buffer.concat([Buffer.from(head), Buffer.alloc(sent, "x")]) };
}

const signedLooking = () =>
  `X-CCTelegram-Timestamp: ${Math.floor(Date.now() / 1000)}\r\nX-CCTelegram-Signature: sha256=${"0".repeat(64)}\r\n`;

type Prepare = (installation: Installation, index: number) => Attempt;

/** Holds the connections while a right key calls. `closedWithinMs` 0: the server may hold them as long as it likes. */
async function attack(prepare: Prepare, closedWithinMs = 0, count = CONNECTIONS): Promise<Outcome> {
  await using installation = await Installation.start({ clients: ["victim", "attacker"] });
  const attempts = Array.from({ length: count }, (_, index) => prepare(installation, index));
  const { held, result } = await hold({ attempts, closedWithinMs }, () => installation.served());
  const { answered, closed, open } = held;
  return {
    measured:
      `${answered} answered, ${closed} closed, ${open} open; right key served after ${result ?? "–"} ms; ` +
      memoryOf(installation),
    failures: [
      ...failuresOf([
        [result !== undefined, "a right key is not served"],
        [closedWithinMs === 0 || open === 0, `${open} are still open`],
      ]),
      ...survives(installation, BOUNDS),
    ],
  };
}

const withKey = (installation: Installation) => `X-API-Key: ${installation.key("attacker")}\r\n`;

const bodies: readonly Scenario[] = [
  halfSentBodies("an unknown path", [{ port: http, method: "POST", path: "/nothing" }]),
  halfSentBodies(
    "known paths without a key",
    knownPaths.map((path) => ({ port: http, method: "POST", path })),
  ),
  halfSentBodies("every path with every method", everyMethod),
  halfSentBodies("metrics, the bridge and its health", everyPort),
  halfSentBodies("events to the bridge without a signature", [{ port: intake, method: "POST", path: "/events" }]),
  halfSentBodies("events to the bridge with a signature that cannot be checked before its end", [
    { port: intake, method: "POST", path: "/events", headers: signedLooking },
  ]),
  halfSentBodies("by a client with a key", [{ port: http, method: "POST", path: "/mcp", headers: withKey }]),
];

/** Nobody needs so long to send headers; what is not closed after this can be held forever. */
const HEADERS_WITHIN_MS = 25_000;

const headers: Scenario = {
  name: `${CONNECTIONS} half-sent headers on all ports`,
  run: () =>
    attack((installation, index) => {
      const url = installation.ports[index % installation.ports.length] ?? "";
      const head = `POST /events HTTP/1.1\r\nHost: ${new URL(url).host}\r\nX-Filler: ${"x".repeat(8_000)}`;
      return { url, bytes: Buffer.from(head) };
    }, HEADERS_WITHIN_MS),
};

const IDLE = 2_000;

const idle: Scenario = {
  name: `${IDLE} connections that say nothing`,
  run: () =>
    attack(
      (installation, index) => ({ url: installation.ports[index % installation.ports.length] ?? "", bytes: "" }),
      0,
      IDLE,
    ),
};

export const halfSent: readonly Scenario[] = [...bodies, headers, idle];
