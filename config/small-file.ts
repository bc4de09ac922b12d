import { closeSync, openSync, readSync } from "node:fs";

/** Largest file of a secret or of keys, in bytes. */
const limit = 1024 * 1024;

/**
 * Reads a text file. Throws what the file system says, and EFBIG for more than 1 MiB: /dev/zero has no end.
 *
 * @example
 * ```ts
 * readSmallFile("/etc/cctelegram/hmac/secret").trim();
 * ```
 */
export function readSmallFile(path: string): string {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= limit; length += read) {
      read = readSync(file, buffer, length, buffer.length - length, null);
    }
    if (length > limit) throw Object.assign(new Error("It is larger than 1 MiB."), { code: "EFBIG" });
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}
