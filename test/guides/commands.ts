import type { Place } from "./places.ts";

/** A line of a guide that asks a server for something, with what has to come of it; or why it is not ours to answer. */
export type GuideCommand = {
  readonly guide: GuideName;
  /** Number of its first line in the guide. */
  readonly line: number;
  /** Verbatim. */
  readonly text: string;
} & (Runnable | { readonly notOurs: string });

export type Runnable = {
  /** What is at the ports that the command names. */
  readonly places: Readonly<Record<number, Place>>;
  /** Of what the guide puts around it, as a shell script; otherwise the text is the whole script. */
  readonly script?: (text: string) => string;
  /** Arguments of the script: a port of `places`. */
  readonly argument?: number;
  /** What it prints. */
  readonly prints: RegExp;
  /** The tool that it calls; it waits for one that is not built yet. */
  readonly tool?: string;
};

export type GuideName = "enterprise" | "production";

/** The Enterprise Deployment Guide runs the server on 8080 and its metrics on 9090. */
const enterprise = { guide: "enterprise", places: { 8080: "server", 9090: "metrics" } } as const;
/** The Production Deployment Guide runs the server on 3000 and the bridge on 8080. */
const production = { guide: "production", places: { 3000: "server", 8080: "bridge" } } as const;

/** A health check of Docker Compose is a list of words. */
const composed = (text: string): string => {
  const [kind, ...words] = JSON.parse(text.replace(/^\s*test: /, "")) as string[];
  if (kind !== "CMD") throw new Error(`not a list of words: ${text}`);
  return words.map((word) => `'${word}'`).join(" ");
};

/** HAProxy sends such a check as HTTP/1.0 without Host. */
const checkedByHaproxy = (text: string): string => {
  const [method, path] = text.trim().split(" ").slice(2);
  return `exec 3<>/dev/tcp/localhost/3000 && printf '${method} ${path} HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3`;
};

const bridgeHealth = /"status":"(healthy|degraded)"/;
const serverHealth = /"status":"healthy"/;

/** Every line with curl, wget, nc or httpchk in the two guides. */
export const commands: readonly GuideCommand[] = [
  {
    ...enterprise,
    line: 138,
    text: `      test: ["CMD", "curl", "-f", "http://localhost:8080/health"]`,
    script: composed,
    prints: serverHealth,
  },
  {
    ...enterprise,
    line: 258,
    text: `curl -H "X-API-Key: $(cat secrets/api_key_claude)" \\
     http://localhost:8080/health`,
    prints: serverHealth,
  },
  {
    guide: "enterprise",
    line: 266,
    text: "curl -fsSL https://deb.nodesource.com/setup_20.x | sudo -E bash -",
    notOurs: "installs Node from NodeSource; the images bring theirs, and a checkout gets Node 26 with its packages",
  },
  {
    ...enterprise,
    line: 634,
    text: `INSTANCE_PORT=\${1:-8080}
API_KEY=\${MCP_HEALTH_CHECK_API_KEY}

response=$(curl -s -w "%{http_code}" -H "X-API-Key: $API_KEY" \\
  "http://localhost:$INSTANCE_PORT/health" -o /dev/null)

if [ "$response" = "200" ]; then
  exit 0
else
  exit 1
fi`,
    argument: 8080,
    prints: /^$/,
  },
  {
    ...enterprise,
    line: 790,
    text: 'curl -H "X-API-Key: $API_KEY" http://localhost:8080/health',
    prints: serverHealth,
  },
  {
    ...enterprise,
    line: 793,
    text: 'curl -H "X-API-Key: $API_KEY" http://localhost:8080/health/detailed',
    prints: /"components":\{"server":\{"ready":true.*"bridge":\{"running":true/,
  },
  {
    ...enterprise,
    line: 796,
    text: 'curl -H "X-API-Key: $API_KEY" http://localhost:8080/health/ready',
    prints: /"ready":true/,
  },
  {
    ...enterprise,
    line: 799,
    text: 'curl -H "X-API-Key: $API_KEY" http://localhost:8080/health/live',
    prints: /"alive":true/,
  },
  {
    ...enterprise,
    line: 833,
    text: 'curl -H "X-API-Key: $API_KEY" http://localhost:8080/health',
    prints: serverHealth,
  },
  {
    ...enterprise,
    line: 842,
    text: 'curl -H "X-API-Key: $API_KEY" http://localhost:9090/metrics | grep heap',
    prints: /^nodejs_heap_size_used_bytes \d+/m,
  },
  {
    ...enterprise,
    line: 851,
    text: `curl -H "X-API-Key: $API_KEY" \\
  -X POST http://localhost:8080/tools/get_bridge_status`,
    tool: "get_bridge_status",
    prints: /"running":true/,
  },
  {
    ...enterprise,
    line: 858,
    text: `curl -H "X-API-Key: $API_KEY" \\
  -X POST http://localhost:8080/tools/restart_bridge`,
    tool: "restart_bridge",
    prints: /"success":true/,
  },
  {
    ...enterprise,
    line: 928,
    text: 'curl -H "X-API-Key: $API_KEY" http://localhost:8080/health',
    prints: serverHealth,
  },
  {
    guide: "production",
    line: 160,
    text: "curl -fsSL https://deb.nodesource.com/setup_18.x | sudo -E bash -",
    notOurs: "installs Node from NodeSource; the images bring theirs, and a checkout gets Node 26 with its packages",
  },
  {
    guide: "production",
    line: 164,
    text: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
    notOurs: "installs Rust; nothing here is written in it",
  },
  {
    ...production,
    line: 263,
    text: `      test: ["CMD", "curl", "-f", "http://localhost:8080/health"]`,
    script: composed,
    prints: bridgeHealth,
  },
  {
    ...production,
    line: 286,
    text: `      test: ["CMD", "curl", "-f", "http://localhost:3000/health"]`,
    script: composed,
    prints: serverHealth,
  },
  {
    guide: "production",
    line: 403,
    text: `    curl \\
    && rm -rf /var/lib/apt/lists/*`,
    notOurs: "names the Debian package, in the Dockerfile of another bridge",
  },
  {
    ...production,
    line: 425,
    text: "  CMD curl -f http://localhost:8080/health || exit 1",
    script: (text) => text.replace("CMD ", ""),
    prints: bridgeHealth,
  },
  {
    ...production,
    line: 693,
    text: "    option httpchk GET /health",
    script: checkedByHaproxy,
    prints: /^HTTP\/1\.[01] 200 /,
  },
  {
    guide: "production",
    line: 868,
    text: `wget "https://releases.github.com/cctelegram/v$NEW_VERSION/cctelegram-bridge-linux-x64" \\
     -O "/tmp/cctelegram-bridge-$NEW_VERSION"`,
    notOurs: "downloads a program from a host that does not exist; the bridge is updated by the tag of its image",
  },
  {
    guide: "production",
    line: 870,
    text: `wget "https://releases.github.com/cctelegram/v$NEW_VERSION/checksums.txt" \\
     -O "/tmp/checksums.txt"`,
    notOurs: "downloads checksums from a host that does not exist; images have digests",
  },
  {
    ...production,
    line: 889,
    text: `if curl -f "http://localhost:8080/health"; then`,
    script: (text) => `${text}\n  exit 0\nelse\n  exit 1\nfi`,
    prints: bridgeHealth,
  },
];
