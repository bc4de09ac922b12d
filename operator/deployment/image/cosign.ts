import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import * as z from "zod";

/** One signature that cosign has stored beside an image: the signed statement, and the signature in base64. */
export type CosignSignature = { readonly payload: Buffer; readonly signature: string };

/** The annotation of a layer that holds its signature, as cosign's specification (specs/SIGNATURE_SPEC.md) says. */
const signatureAnnotation = "dev.cosignproject.cosign/signature";
const payloadType = "application/vnd.dev.cosign.simplesigning.v1+json";

/** The tag at which the signatures of an image are. */
export const signatureTag = (digest: string) => `${digest.replace(":", "-")}.sig`;

const signatureManifest = z.object({
  layers: z
    .array(
      z.object({
        mediaType: z.string().max(200),
        digest: z.string().regex(/^sha256:[a-f0-9]{64}$/),
        size: z.int().min(0),
        annotations: z.record(z.string(), z.string()).optional(),
      }),
    )
    .max(100),
});

export type SignatureLayer = { readonly digest: string; readonly size: number; readonly signature: string };

/** The signatures that a manifest names; throws when it is no such manifest. */
export function signatureLayers(manifest: string): SignatureLayer[] {
  return signatureManifest.parse(JSON.parse(manifest)).layers.flatMap(({ mediaType, digest, size, annotations }) => {
    const signature = annotations?.[signatureAnnotation];
    return mediaType === payloadType && signature !== undefined ? [{ digest, size, signature }] : [];
  });
}

/** What is signed: the "simple signing" statement. */
const statement = z.object({
  critical: z.object({
    image: z.object({ "docker-manifest-digest": z.string() }),
    type: z.literal("cosign container image signature"),
  }),
});

/** Whether one of the keys has signed a statement about these bytes. */
export function isSigned(digest: string, { payload, signature }: CosignSignature, keys: readonly KeyObject[]): boolean {
  const bytes = Buffer.from(signature, "base64");
  return keys.some((key) => verify("sha256", payload, key, bytes)) && statedDigest(payload) === digest;
}

function statedDigest(payload: Buffer): string | undefined {
  try {
    return statement.parse(JSON.parse(payload.toString())).critical.image["docker-manifest-digest"];
  } catch {
    return undefined;
  }
}

/** A key as `cosign generate-key-pair` makes it; undefined for anything else. */
export function publicKey(pem: string): KeyObject | undefined {
  try {
    // Of a private key, Node would take the public half: whoever gives that has told a secret.
    if (!pem.includes("-----BEGIN PUBLIC KEY-----")) return undefined;
    const key = createPublicKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? key : undefined;
  } catch {
    return undefined;
  }
}

export const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
