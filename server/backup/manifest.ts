import * as z from "zod";
import { archiveFormat } from "../../contract/backup.ts";

/** The first entry of an archive: what it is, and what has to be in it. */
export const manifestEntry = "manifest.json";

/** Folders of an archive. */
export const folders = Object.freeze({ data: "data/", logs: "logs/", manifests: "manifests/" });

/** Larger ones are nobody's. */
export const longestManifest = 4 * 1024 * 1024;

const entryName = /^(data|logs|manifests)(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}){1,5}$/;

const entrySchema = z.object({
  name: z.string().regex(entryName),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type Entry = Readonly<z.output<typeof entrySchema>>;

/** What every version of the form has. */
export const headSchema = z.object({ kind: z.literal("cctelegram-backup"), format: z.int().min(1) });

export const manifestSchema = headSchema.extend({
  format: z.literal(archiveFormat),
  /** Of the program that made it. */
  version: z.string().max(100),
  of: z.string().max(600),
  name: z.string().max(300),
  created_at: z.iso.datetime(),
  /** Of the queue's file. */
  schema_version: z.int().min(1),
  /** Rows of the queue's tables, and the messages that wait. */
  rows: z.record(z.string().max(100), z.int().min(0)),
  messages_waiting: z.int().min(0),
  entries: z.array(entrySchema).max(10_000),
});

export type Manifest = Readonly<z.output<typeof manifestSchema>>;

/** Whether an archive may have an entry of this name. */
export const isEntryName = (name: string): boolean => entryName.test(name);
