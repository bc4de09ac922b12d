import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type FirstKey = {
  /** The file that holds the keys. */
  readonly path: string;
  /** The key, when it was made just now. */
  readonly made?: string;
};

/**
 * The key file of a standalone server in its data directory. The first start makes it, with one key that may call every
 * tool, readable by the owner only.
 */
export async function firstKey(dataDir: string, makeKey: () => string): Promise<FirstKey> {
  const path = join(dataDir, "api-keys.json");
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const key = makeKey();
  const keys = { [key]: { name: "local", permissions: ["*"], enabled: true } };
  try {
    // "wx" decides in one step whether there is one already, also when two processes start at once.
    await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { flag: "wx", mode: 0o600 });
    return { path, made: key };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    await readFile(path);
    await chmod(path, 0o600);
    return { path };
  }
}

/** What a person needs to connect a client, as text for a terminal. */
export function welcome(url: string, { path, made }: FirstKey): string {
  const where = `CCTelegram is running.\n  URL   ${url}/mcp\n  Keys  ${path}\n`;
  if (made === undefined) return where;
  const client = { mcpServers: { cctelegram: { type: "http", url: `${url}/mcp`, headers: { "X-API-Key": made } } } };
  return `${where}  Key   ${made}\n\nConfiguration for an MCP client (shown once):\n${JSON.stringify(client, null, 2)}\n`;
}
