import { createHmac, timingSafeEqual } from "node:crypto";
import { type SigningSecrets, secretsOf } from "../../contract/signing-secrets.ts";

/** Texts that the server gives to clients and believes when they come back. */
export type Seal = {
  /** A text of visible ASCII characters that holds a value and cannot be changed unnoticed. Anybody can read it. */
  seal(value: unknown): string;
  /** The value of a sealed text; undefined when it was not sealed here for this purpose. */
  open(text: string): unknown;
};

const macBytes = 16;

/**
 * Seals for one purpose: what was sealed for another, or with another secret, is worth nothing. While a secret is rotated, what any
 * process sealed with the one before or after counts, too.
 */
export function createSeal(secret: string | SigningSecrets, purpose: string): Seal {
  const secrets = secretsOf(secret);
  const keyOf = (secret: string) => createHmac("sha256", secret).update(`seal ${purpose}`).digest();
  return {
    seal(value) {
      const body = Buffer.from(JSON.stringify(value)).toString("base64url");
      return `${body}.${mac(keyOf(secrets.current), body).toString("base64url")}`;
    },
    open(text) {
      const [body = "", tag = "", ...more] = text.split(".");
      const shown = Buffer.from(tag, "base64url");
      if (more.length > 0 || shown.length !== macBytes || shown.toString("base64url") !== tag) return undefined;
      if (!secrets.all.some((secret) => timingSafeEqual(mac(keyOf(secret), body), shown))) return undefined;
      return JSON.parse(Buffer.from(body, "base64url").toString());
    },
  };
}

function mac(key: Buffer, body: string): Buffer {
  return createHmac("sha256", key).update(body).digest().subarray(0, macBytes);
}
