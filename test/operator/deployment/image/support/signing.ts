import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type Pair = { readonly privateKey: KeyObject; readonly pem: string };

/** A pair of keys as `cosign generate-key-pair` makes it. */
export function cosignPair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return { privateKey, pem: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

/** The statement that cosign signs, as its specification has it. */
export const statementOf = (digest: string, fields: object = {}) =>
  Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": "" },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
        ...fields,
      },
      optional: null,
    }),
  );

export const signatureOf = (payload: Buffer, { privateKey }: Pair) =>
  sign("sha256", payload, privateKey).toString("base64");
