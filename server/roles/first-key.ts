import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { apiKeyFileName } from "../../contract/api-key.ts";
import type { ApiKeyFile } from "../../contract/api-key-file.ts";
import { clientConfiguration } from "../../contract/client-configuration.ts";
import { routes } from "../../contract/routes.ts";
import { codeOf, directoryProblem } from "../process/start-error.ts";

export type FirstKey = {
  /** The file that holds the keys. */
  readonly path: string;
  /** The key, when it was made just now. */
  readonly made?: string;
};

/**
 * The key file of a standalone server in its data directory. The first start makes it, with one key that may call every
 * tool, readable by the owner only. Throws a StartError when it cannot be written.
 */
export async function firstKey(dataDir: string, makeKey: () => string): Promise<FirstKey> {
  const path = join(dataDir, apiKeyFileName);
  const key = makeKey();
  const keys: ApiKeyFile = { [key]: { name: "local", permissions: ["*"], enabled: true } };
  try {
    // "wx" decides in one step whether there is one already, also when two processes start at once.
    await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { flag: "wx", mode: 0o600 });
    return { path, made: key };
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw directoryProblem(dataDir, "CC_TELEGRAM_DATA_DIR", error);
    await chmod(path, 0o600).catch(() => {});
    return { path };
  }
}

/**
 * What a person needs to connect a client, as text for a terminal. The key itself is told only there: what is not a
 * terminal is kept, in a journal or a container's log.
 */
export function welcome(url: string, { path, made }: FirstKey, isTerminal: boolean): string {
  const where = `CCTelegram is running.\n  URL   ${url}${routes.mcp}\n  Keys  ${path}\n`;
  if (made === undefined) return where;
  if (!isTerminal) return `${where}A key was made; it is in that file.\n`;
  const client = clientConfiguration(url + routes.mcp, made);
  return `${where}  Key   ${made}\n\nConfiguration for an MCP client (shown once):\n${JSON.stringify(client, null, 2)}\n`;
}
