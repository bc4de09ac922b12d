import { progress } from "../../machine/progress.mjs";
import { type Access, openAccess } from "../access.ts";
import { type Images, installTelegram, telegramNamespace } from "../installation.ts";
import { contextTarget } from "../kubectl.ts";
import { connectionOf } from "../mcp.ts";
import type { Account } from "./account.ts";
import { demonstrate, GREETING } from "./demonstration.ts";
import { applyQuickstart, firstMessageIn, quickstart } from "./quickstart.ts";

/** Installs into the cluster of a context, sends a message, and removes nothing. */
export async function startInContext(context: string, images: Images, account: Account | undefined): Promise<void> {
  const target = contextTarget(context);
  await progress.step(`reach the cluster of context ${context}`, () => target.kubectl(["version", "-o", "json"]));
  const telegramApiUrl = account
    ? account.apiUrl
    : await progress.step("start the stand-in for Telegram", () => installTelegram(target, images));
  await applyQuickstart(target, { images, account, telegramApiUrl });
  const { namespace, resource } = quickstart;
  const access: Access = await openAccess(
    ["--context", context],
    [
      { namespace, service: `${resource}-mcp-server`, port: 8080 },
      ...(account ? [] : [{ namespace: telegramNamespace, service: "telegram", port: 8081 }]),
    ],
  );
  try {
    const { key } = await connectionOf(target, quickstart);
    const [server, telegram] = access.urls;
    await demonstrate({
      url: `${server}/mcp`,
      key,
      message: `${GREETING} on Kubernetes`,
      signal: new AbortController().signal,
      ...(account ? {} : { received: () => firstMessageIn(`${telegram}/log`, GREETING) }),
    });
  } finally {
    await access.close();
  }
}

/** The commands that remove what was installed. */
export function removal(context: string, account: Account | undefined): string {
  return `Everything stays in the cluster; to remove it:

  kubectl --context ${context} delete -f examples/quickstart.yaml
  helm --kube-context ${context} -n cctelegram-system uninstall cctelegram-operator${
    account ? "" : `\n  kubectl --context ${context} delete namespace ${telegramNamespace}`
  }`;
}
