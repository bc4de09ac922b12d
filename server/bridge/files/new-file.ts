import { open, rm } from "node:fs/promises";

/**
 * Writes a file that nobody else has made, and has it on disk. Others may write into its folder: a link that lies there under its name
 * would lead to a file that is not theirs.
 */
export async function writeNew(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
