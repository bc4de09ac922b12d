import type { PageName } from "./blocks.ts";

/** A command that a control plane without nodes cannot run, and the test that runs it. */
export type Elsewhere = {
  readonly page: PageName;
  /** A part of the command's name. */
  readonly command: string;
  readonly because: string;
  readonly file: string;
  /** What of the command is in that file. */
  readonly words: readonly string[];
};

const servers = "there is no node, so no pod that answers";
const plugin = { page: "kubectl-plugin", because: servers, file: "e2e/plugin.test.ts" } as const;
const backup = {
  page: "backup",
  because: "it needs no Kubernetes",
  file: "test/server/backup/backup.process.test.ts",
  words: ['readPage("backup")', "] = documented()"],
} as const;

export const elsewhere: readonly Elsewhere[] = [
  {
    ...plugin,
    command: "pair team k7m2qp",
    file: "test/plugin/commands.cluster.test.ts",
    words: ['"pair", "team", code'],
  },
  { ...backup, command: "openssl rand -hex 32 >" },
  { ...backup, command: "BRIDGE_PORT=9001 node" },
  { ...backup, command: "export HMAC_SECRET_FILE" },
  { ...backup, command: "BACKUP_TARGET=file" },
  { ...backup, command: "RESTORE_SOURCE=file" },
  {
    page: "image",
    command: "cosign generate-key-pair",
    because: "it needs cosign",
    file: "test/operator/deployment/image/review.process.test.ts",
    words: ["generate-key-pair"],
  },
  {
    page: "image",
    command: "cosign sign --key",
    because: "it needs cosign and a registry",
    file: "test/operator/deployment/image/review.process.test.ts",
    words: ['"sign"', '"--key"'],
  },
  {
    page: "scaling",
    command: "helm upgrade --install prometheus-adapter",
    because:
      "the chart is of others, and cannot be had everywhere; what it is given is tested by a stand-in for prometheus-adapter",
    file: "test/operator/deployment/scaling-by-metrics.cluster.test.ts",
    words: ["deploy/prometheus-adapter/values.yaml"],
  },
  {
    page: "scaling",
    command: "kubectl get --raw",
    because: "it needs an adapter and a Prometheus",
    file: "test/operator/deployment/scaling-by-metrics.cluster.test.ts",
    words: ['commandsIn("scaling")', "kubectl get --raw"],
  },
  ...["helm upgrade cctelegram-operator", "uninstall cctelegram-operator", "kubectl delete crd"].map((command) => ({
    page: "upgrade" as const,
    command,
    because: "it concerns the whole cluster, which other tests use at the same time",
    file: "test/pages/installation.cluster.test.ts",
    words: ['commandsIn("upgrade")'],
  })),
  {
    page: "operator",
    command: "port-forward service/team-dashboard 8081",
    because: servers,
    file: "e2e/dashboard.test.ts",
    words: ["openAccess(", "-dashboard`, port: 8081"],
  },
  { ...plugin, command: "logs team -c bridge --tail 2", words: ['"logs", resource, "-c", "bridge"', '"--tail"'] },
  { ...plugin, command: "connect team ci --client cursor", words: ['"connect", resource, "--client"'] },
  { ...plugin, command: "send team", words: ['"send", resource, text, "--wait"'] },
  {
    ...plugin,
    file: "test/plugin/commands.cluster.test.ts",
    command: "approvals list team",
    words: ['"approvals", "list", "team"'],
  },
  { ...plugin, command: "Operate › kubectl cctelegram queue list team", words: ['"queue", "list", resource'] },
];

/** The entry for a command, if there is one. */
export const elsewhereOf = (page: PageName, name: string): Elsewhere | undefined =>
  elsewhere.find((entry) => entry.page === page && name.includes(entry.command));
