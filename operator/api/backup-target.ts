import * as z from "zod";
import { name, rule, rules, secretKey } from "./schema.ts";

const s3 = z.strictObject({
  endpoint: z
    .string()
    .min(1)
    .max(2048)
    .default("https://s3.amazonaws.com")
    .describe("URL of the store, such as https://minio.example.com:9000.")
    .meta(
      rules(
        {
          rule: "isURL(self) && url(self).getScheme() in ['http', 'https']",
          message: "endpoint must be an http or https URL, for example https://s3.eu-central-1.amazonaws.com",
        },
        {
          rule: "!self.matches('^[^/?#]*//[^/?#]*@')",
          message: "endpoint must hold no user name or password: name a Secret in credentialsSecretRef",
        },
      ),
    ),
  region: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9-]+$/)
    .default("us-east-1")
    .describe("Region that requests are signed for. Most stores of one's own take us-east-1."),
  bucket: z
    .string()
    .min(3)
    .max(63)
    .regex(/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/)
    .describe("The bucket; it has to exist."),
  prefix: z
    .string()
    .max(256)
    .regex(/^([A-Za-z0-9._=-]+(\/[A-Za-z0-9._=-]+)*)?$/)
    .default("")
    .describe("Folder in the bucket. Archives are in NAMESPACE/RESOURCE below it."),
  credentialsSecretRef: z
    .strictObject({ name: name(253).describe("Name of the Secret, in the namespace of this object.") })
    .describe("Secret with the keys accessKeyId and secretAccessKey."),
  caSecretRef: z
    .strictObject({
      name: name(253).describe("Name of the Secret, in the namespace of this object."),
      key: secretKey().default("ca.crt").describe("Key of the certificates in the Secret."),
    })
    .optional()
    .describe(
      "Secret with the certificates (PEM) of the authority that the store's certificate is from. Default: public authorities.",
    ),
});

const volume = z.strictObject({
  claimName: name(253).describe("Name of the PersistentVolumeClaim, in the namespace of this object."),
  path: z
    .string()
    .max(256)
    .regex(/^([A-Za-z0-9._=-]+(\/[A-Za-z0-9._=-]+)*)?$/)
    .default("")
    .describe("Folder in the volume. Archives are in NAMESPACE/RESOURCE below it.")
    .meta(rule("!self.split('/').exists(part, part in ['.', '..'])", "path must not contain the folders . and ..")),
});

/** Where archives are: a volume, or a store with the API of S3. */
export const backupTarget = () =>
  z
    .strictObject({
      type: z.enum(["Volume", "S3"]).describe("Volume: a PersistentVolumeClaim. S3: a store with the API of S3."),
      volume: volume.optional().describe("The volume, with type Volume."),
      s3: s3.optional().describe("The store, with type S3."),
    })
    .meta(
      rules(
        {
          rule: "(self.type == 'Volume') == has(self.volume)",
          message: "volume belongs to type Volume, which needs it: set volume.claimName, or leave out volume",
        },
        {
          rule: "(self.type == 'S3') == has(self.s3)",
          message: "s3 belongs to type S3, which needs it: set s3.bucket and s3.credentialsSecretRef, or leave out s3",
        },
      ),
    );

export type BackupTarget = z.infer<ReturnType<typeof backupTarget>>;

export const backupContent = () =>
  z
    .array(z.enum(["Configuration", "Secrets"]))
    .max(2)
    .meta({ "x-kubernetes-list-type": "set" });

export const backupEncryption = () =>
  z.strictObject({
    recipients: z
      .array(
        z
          .string()
          .min(62)
          .max(62)
          .regex(/^age1[02-9ac-hj-np-z]{58}$/),
      )
      .min(1)
      .max(10)
      .describe("Public keys (age) of those who can read the archives, as age-keygen prints them.")
      .meta({ "x-kubernetes-list-type": "set" }),
  });

/** CEL: secrets are in no archive that everybody can read. */
export const secretsNeedEncryption = rule(
  "!has(self.content) || !('Secrets' in self.content) || has(self.encryption)",
  "content Secrets needs encryption: set encryption.recipients to age keys, or leave out Secrets",
);
