import * as z from "zod";
import { name, rule, secretKey, secretName } from "./schema.ts";

const verificationKey = z
  .strictObject({
    name: name(63).describe("A name of your choice, which conditions show."),
    publicKey: z
      .string()
      .min(1)
      .max(1000)
      .optional()
      .describe("The key in PEM, as in the file cosign.pub.")
      .meta(
        rule(
          "self.contains('-----BEGIN PUBLIC KEY-----')",
          "publicKey must be the public key in PEM, beginning with -----BEGIN PUBLIC KEY-----: the content of cosign.pub",
        ),
      ),
    secretRef: z
      .strictObject({
        name: secretName(),
        key: secretKey()
          .optional()
          .describe("Key in the Secret. Default: cosign.pub, as `cosign generate-key-pair k8s://` writes it."),
      })
      .optional()
      .describe("Secret that holds the key."),
  })
  .meta(
    rule(
      "has(self.publicKey) != has(self.secretRef)",
      "name one place for the key: publicKey with its content, or secretRef with the Secret that holds it",
    ),
  );

/** The fields of `images` by which the operator looks at an image before pods run it. */
export const imageChecks = {
  resolution: z
    .enum(["AsWritten", "Digest"])
    .optional()
    .describe(
      "Digest: the operator asks the registry once for the digest of the tag, and all pods run these bytes, also when the tag moves. " +
        "AsWritten: the pods run what the tag names when each of them starts. Default: AsWritten, with verification Digest.",
    ),
  verification: z
    .strictObject({
      keys: z
        .array(verificationKey)
        .min(1)
        .max(10)
        .describe("Public keys (ECDSA P-256) of cosign. One of them has to have signed the image.")
        .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
    })
    .optional()
    .describe(
      "Who has to have signed the image with cosign. An image without such a signature is not rolled out, and the pods that run stay.",
    ),
} as const;

/** What the operator has found out about the image, and accepted. */
export const imageStatus = z.strictObject({
  reference: z.string().max(700).describe("The image that the spec asked for."),
  digest: z
    .string()
    .max(71)
    .regex(/^sha256:[a-f0-9]{64}$/)
    .describe("Its digest, which the pods run."),
  policy: z
    .string()
    .max(64)
    .describe("Fingerprint of what was asked of it: another key, or another restart, and it is looked at again."),
});
