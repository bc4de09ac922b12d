import { Readable } from "node:stream";
import {
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from "age-encryption";
import { BackupError, reasonOf } from "./backup-error.ts";

const beginning = "age-encryption.org/v1\n";

export const isEncrypted = (head: Uint8Array): boolean =>
  Buffer.from(head).subarray(0, beginning.length).toString("latin1") === beginning;

/** Encrypts for each of the recipients. Throws BACKUP_CONFIGURATION for one that is none. */
export async function encrypted(content: Readable, recipients: readonly string[]): Promise<AsyncIterable<Uint8Array>> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      const problems = `BACKUP_RECIPIENTS holds something that is no age recipient (${reasonOf(error)}).`;
      throw new BackupError("BACKUP_CONFIGURATION", { problems }, error);
    }
  }
  return encrypter.encrypt(Readable.toWeb(content) as ReadableStream<Uint8Array>);
}

/** Decrypts with one of the identities in the text of an identity file. Throws BACKUP_ENCRYPTED when none fits. */
export async function decrypted(
  content: Readable,
  identities: string | undefined,
  location: string,
): Promise<AsyncIterable<Uint8Array>> {
  const refuse = (reason: string, cause?: unknown) => new BackupError("BACKUP_ENCRYPTED", { location, reason }, cause);
  const keys = (identities ?? "")
    .split("\n")
    .flatMap((line) => (line.startsWith("AGE-SECRET-KEY-") ? [line.trim()] : []));
  if (keys.length === 0)
    throw refuse(identities === undefined ? "no identity is given" : "the file holds no age identity");
  const decrypter = new Decrypter();
  try {
    for (const key of keys) decrypter.addIdentity(key);
  } catch {
    // Its words could show a part of the key.
    throw refuse("the file holds an age identity that cannot be used");
  }
  try {
    return await decrypter.decrypt(Readable.toWeb(content) as ReadableStream<Uint8Array>);
  } catch (error) {
    if (error instanceof Error && /no identity matched/.test(error.message)) throw refuse("no identity fits", error);
    throw error;
  }
}

/**
 * A key that is forgotten with the process: what is encrypted for it, too, can be read back once, to see that it can be. It is of the
 * strongest kind among the recipients.
 */
export async function passingIdentity(
  recipients: readonly string[],
): Promise<{ readonly identity: string; readonly recipient: string }> {
  const isHybrid = recipients.some((recipient) => recipient.startsWith("age1pq1"));
  const identity = isHybrid ? await generateHybridIdentity() : await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}
