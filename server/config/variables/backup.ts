import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { flag, integer, list, text, url } from "../../../config/schemas.ts";
import { archiveSuffix, backupNameSchema, backupOfSchema, terminationLog } from "../../../contract/backup.ts";
import { define } from "./row.ts";

const both = ["backup", "restore"] as const;

const placeAdvice = "file:// with an absolute path, or s3://BUCKET/PREFIX";
const place = z
  .string()
  .refine((value) => isPlace(URL.parse(value)), placeAdvice)
  .transform((value) => value.replace(/\/+$/, ""));

function isPlace(parsed: URL | null): boolean {
  if (parsed === null || parsed.search + parsed.hash + parsed.username + parsed.password + parsed.port !== "")
    return false;
  if (parsed.protocol === "file:") return parsed.host === "" && parsed.pathname !== "/";
  return parsed.protocol === "s3:" && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(parsed.host);
}

const recipients = list.refine(
  (values) => values.every((value) => /^age1[a-z0-9]{20,5000}$/.test(value)),
  "age recipients, which begin with age1, separated by commas",
);

const keyMaterial = z.string().regex(/^[\x21-\x7e]{1,300}$/, "text without blanks");

/** Variables of the roles that make and restore backups. */
export const backupVariables = Object.freeze({
  BACKUP_TARGET: define({
    roles: ["backup"],
    schema: place,
    required: ["backup"],
    // A path alone, as the guides of co8/cctelegram give it.
    aliases: [{ name: "BACKUP_DIR", convert: (path) => (isAbsolute(path) ? pathToFileURL(path).href : path) }],
    description: "Where archives are stored: file:// and the path of a folder that exists, or s3://BUCKET/PREFIX.",
    example: "s3://backups/cctelegram",
  }),
  BACKUP_OF: define({
    roles: ["backup"],
    schema: backupOfSchema,
    default: "cctelegram",
    description:
      "Whose archives these are: one name, or two separated by a slash. They are in a folder of this name, and retention looks at no other.",
    example: "cctelegram/team",
  }),
  BACKUP_NAME: define({
    roles: ["backup"],
    schema: backupNameSchema,
    description:
      "Name of the archive, without .cctb; one that is there is replaced, but for BACKUP_KEEP_OLDER_THAN. Unset: backup- and the time.",
    example: "team-20260131",
  }),
  BACKUP_KEEP_OLDER_THAN: define({
    roles: ["backup"],
    schema: z.iso.datetime({ offset: true }).transform((value) => Date.parse(value)),
    description:
      "Time. An archive of the same name that was stored before it is not replaced; the backup fails. Unset: it is replaced.",
    example: "2026-01-31T02:00:00Z",
  }),
  BACKUP_MANIFESTS_FOLDER: define({
    roles: ["backup"],
    schema: text,
    description:
      "Folder whose files are stored, too, such as manifests or a configuration. Without BACKUP_RECIPIENTS they may be Kubernetes manifests without Secrets, and nothing else.",
    example: "/etc/cctelegram",
  }),
  BACKUP_RECIPIENTS: define({
    roles: ["backup"],
    schema: recipients,
    default: "",
    description: "age recipients that the archive is encrypted for, separated by commas. Unset: it is not encrypted.",
    example: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
  }),
  BACKUP_VERIFY: define({
    roles: ["backup"],
    schema: flag,
    default: "true",
    description: "Read the archive back, restore it into nothing and compare; one that cannot be restored is deleted.",
    example: "true",
  }),
  BACKUP_RETENTION_DAYS: define({
    roles: ["backup"],
    schema: integer(1, 36_500),
    description: "After a success, archives of BACKUP_OF that are older are deleted. Unset: none for its age.",
    example: "30",
  }),
  BACKUP_RETENTION_COUNT: define({
    roles: ["backup"],
    schema: integer(1, 100_000),
    description: "After a success so many archives of BACKUP_OF are kept, the newest. Unset: all.",
    example: "30",
  }),
  RESTORE_SOURCE: define({
    roles: ["restore"],
    schema: place.refine((value) => value.endsWith(archiveSuffix), `${placeAdvice}, to a file that ends with .cctb`),
    required: ["restore"],
    description: "The archive to restore: file:// or s3://.",
    example: "s3://backups/cctelegram/team-20260131.cctb",
  }),
  RESTORE_IDENTITY: define({
    roles: ["restore"],
    schema: z.string().min(1),
    file: "content",
    description: "age identity of a recipient of the archive, or the text of an identity file. For encrypted archives.",
    example: "$(age-keygen)",
  }),
  S3_ENDPOINT: define({
    roles: both,
    schema: url,
    description: "URL of the store for s3://, if it is not Amazon's.",
    example: "https://s3.example.com",
  }),
  S3_REGION: define({
    roles: both,
    schema: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, "a region such as us-east-1"),
    default: "us-east-1",
    description: "Region of the bucket; many stores take any.",
    example: "eu-central-1",
  }),
  S3_ACCESS_KEY_ID: define({
    roles: both,
    schema: keyMaterial,
    file: "content",
    description: "Who asks the store for s3://.",
    example: "backup",
  }),
  S3_SECRET_ACCESS_KEY: define({
    roles: both,
    schema: keyMaterial,
    file: "content",
    description: "What proves it.",
    example: "the-secret-key-of-the-store",
  }),
  S3_CA: define({
    roles: both,
    schema: z.string().includes("-----BEGIN CERTIFICATE-----", { error: "certificates in PEM form" }),
    file: "content",
    description:
      "Certificates of the authorities that the store's certificate is checked against. Unset: the usual ones.",
    example: "-----BEGIN CERTIFICATE-----",
  }),
  TERMINATION_LOG: define({
    roles: both,
    schema: text,
    default: terminationLog,
    description: "File that gets the outcome as one line of JSON, if it can be written.",
    example: terminationLog,
  }),
});
