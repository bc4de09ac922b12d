import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { progress } from "../../machine/progress.mjs";
import { type Images, installOperator } from "../installation.ts";
import type { Target } from "../kubectl.ts";
import type { Connection } from "../mcp.ts";
import type { Account } from "./account.ts";

/** Names in examples/quickstart.yaml. */
export const quickstart = { namespace: "cctelegram", resource: "team", client: "claude" } as const;

const EXAMPLE = join(import.meta.dirname, "../../examples/quickstart.yaml");

export type QuickstartOptions = {
  readonly images: Images;
  readonly account: Account | undefined;
  /** URL of the Bot API for pods. Default: Telegram's own. */
  readonly telegramApiUrl: string | undefined;
};

/** Installs the operator, applies the example and waits until it is Ready. */
export async function applyQuickstart(
  target: Target,
  { images, account, telegramApiUrl }: QuickstartOptions,
): Promise<void> {
  const { namespace, resource } = quickstart;
  await progress.step("install the operator with Helm", () =>
    installOperator(target, { ...images, ...(telegramApiUrl ? { telegramApiUrl } : {}) }),
  );
  await progress.step("apply examples/quickstart.yaml", () =>
    target.kubectl(["apply", "-f", "-"], { input: manifest(account) }),
  );
  await progress.step("wait until it is Ready", () =>
    target.kubectl(["-n", namespace, "wait", "--for=condition=Ready", `cctd/${resource}`, "--timeout=3m"]),
  );
  console.log(
    `\n$ kubectl -n ${namespace} get cctd\n${await target.kubectl(["-n", namespace, "get", "cctd"])}`.trimEnd(),
  );
}

/** The example; with a real bot, its token and users replace the placeholders. */
function manifest(account: Account | undefined): string {
  const text = readFileSync(EXAMPLE, "utf8");
  if (!account) return text;
  const documents = text.split(/^---$/m).map((document) => load(document) as Record<string, unknown>);
  return documents.map((document) => dump(withAccount(document, account))).join("---\n");
}

function withAccount(document: Record<string, unknown>, { token, users }: Account): unknown {
  if (document.kind === "Secret") return { ...document, stringData: { token } };
  if (document.kind !== "CCTelegramDeployment") return document;
  const spec = document.spec as { telegram: object };
  return { ...document, spec: { ...spec, telegram: { ...spec.telegram, allowedUsers: users } } };
}

/** The first message of a demonstration in the log of a stand-in in the cluster. */
export async function firstMessageIn(log: string, greeting: string): Promise<object> {
  const received = (await (await fetch(log)).json()) as { text?: string }[];
  const message = received.find(({ text }) => text?.includes(greeting));
  if (message === undefined) throw new Error(`the stand-in for Telegram at ${log} has no such message`);
  return message;
}

/** A cluster in which the example is Ready, and its address from this machine. */
export type Started = { readonly kubeconfig: string; readonly url: string; readonly connection: Connection };

/** What the user can do with the cluster. */
export function nextSteps({ kubeconfig, url, connection }: Started): string {
  const { namespace, resource, client } = quickstart;
  const reachable = connection.configuration.replace(/"url": "[^"]*"/, `"url": "${url}"`);
  const secret = `${resource}-connection-${client}`;
  return `
MCP endpoint, from this machine:  ${url}
API key:                          in Secret ${secret} (${connection.key.slice(0, 4)}…)

  export KUBECONFIG=${kubeconfig}
  kubectl -n ${namespace} get cctd,pods
  kubectl -n ${namespace} describe cctd ${resource}
  kubectl -n ${namespace} get secret ${secret} -o jsonpath='{.data.key}' | base64 -d

Configuration for an MCP client such as Claude Code (.mcp.json) or Cursor (.cursor/mcp.json):

${reachable}
`;
}
