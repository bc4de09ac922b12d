import { lstat, rename } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../../process/directory.ts";
import { writeNew } from "./new-file.ts";
import type { FileState } from "./readable-file.ts";

const rejected = "rejected";

/** Moves a file that is no event into `rejected/` of its folder, with the reason beside it. One of the same name stays there. */
export async function setAside(folder: string, name: string, { reason, state }: Rejection): Promise<void> {
  const place = join(folder, rejected);
  await makeDirectory(place);
  // A link would lead to where others may not write.
  if (!(await lstat(place)).isDirectory()) throw new Error(`${rejected} is not a folder`);
  const target = join(place, await freeName(place, name, state));
  await writeNew(`${target}.reason.txt`, `${reason}\n`);
  await rename(join(folder, name), target);
}

type Rejection = { readonly reason: string; readonly state: FileState };

/** Of two files with one name the later one has its time in it. */
async function freeName(place: string, name: string, { writtenAt }: FileState): Promise<string> {
  const isTaken = await lstat(join(place, name)).then(
    () => true,
    () => false,
  );
  return isTaken ? `${name.slice(0, -".json".length)}-${Math.round(writtenAt)}.json` : name;
}
