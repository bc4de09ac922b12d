import { fileURLToPath } from "node:url";
import type { ArchiveStore } from "./archive-store.ts";
import type { S3Options } from "./s3-store.ts";

/** Opens the store that a URL leads to: file:// a folder, s3:// a bucket with a prefix. Loads only the code of that kind. */
export async function openStore(url: string, s3: S3Options | undefined): Promise<ArchiveStore> {
  const { protocol, host, pathname } = new URL(url);
  if (protocol === "file:") {
    const { FolderStore } = await import("./folder-store.ts");
    return new FolderStore(fileURLToPath(url));
  }
  if (s3 === undefined) throw new Error("a store without credentials");
  const { S3Store } = await import("./s3-store.ts");
  return new S3Store(host, decodeURIComponent(pathname.replace(/^\/+|\/+$/g, "")), s3);
}
