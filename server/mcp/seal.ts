import { createHmac, timingSafeEqual } from "node:crypto";

/** Texts that the server gives to clients and believes when they come back. */
export type Seal = {
  /** A text of visible ASCII characters that holds a value and cannot be changed unnoticed. Anybody can read it. */
  seal(value: unknown): string;
  /** The value of a sealed text; undefined when it was not sealed here for this purpose. */
  open(text: string): unknown;
};

const macBytes = 16;

/**
 * Seals with the first secret and opens what any of them has sealed. Each purpose has keys of its own, so that what was
 * sealed for one is worth nothing for another.
 */
export function createSeal(secrets: readonly string[], purpose: string): Seal {
  const keys = secrets.map((secret) => createHmac("sha256", secret).update(`seal ${purpose}`).digest());
  const [newest] = keys;
  if (newest === undefined) throw new Error("a seal needs a secret");
  return {
    seal(value) {
      const body = Buffer.from(JSON.stringify(value)).toString("base64url");
      return `${body}.${mac(newest, body).toString("base64url")}`;
    },
    open(text) {
      const [body = "", tag = "", ...more] = text.split(".");
      const shown = Buffer.from(tag, "base64url");
      if (more.length > 0 || shown.length !== macBytes || shown.toString("base64url") !== tag) return undefined;
      if (!keys.some((key) => timingSafeEqual(mac(key, body), shown))) return undefined;
      return JSON.parse(Buffer.from(body, "base64url").toString());
    },
  };
}

function mac(key: Buffer, body: string): Buffer {
  return createHmac("sha256", key).update(body).digest().subarray(0, macBytes);
}
