import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, directoryProblem } from "../process/start-error.ts";

const fileName = "seal-secret";

/**
 * The secret by which a standalone server knows its sessions again after a restart, in its data directory. The first start
 * makes it. Throws a StartError when it can be neither read nor written.
 */
export async function sealSecret(dataDir: string, makeSecret: () => string): Promise<string> {
  const path = join(dataDir, fileName);
  try {
    const secret = makeSecret();
    // "wx" decides in one step whether there is one already, also when two processes start at once.
    await writeFile(path, secret, { flag: "wx", mode: 0o600 });
    return secret;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw directoryProblem(dataDir, "CC_TELEGRAM_DATA_DIR", error);
  }
  const kept = await readFile(path, "utf8").catch((error: unknown) => {
    throw directoryProblem(dataDir, "CC_TELEGRAM_DATA_DIR", error);
  });
  // A crash may have left it empty: sessions of before are gone then, and nothing else.
  return kept.length >= 32 ? kept : makeSecret();
}
