import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { agentProxy, type ProxyConfig } from "../../outgoing/outgoing-fetch.ts";
import { BackupError, reasonOf } from "../backup-error.ts";
import type { ArchiveStore, Stored } from "./archive-store.ts";

export type S3Options = {
  /** Absent: Amazon's of the region. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** PEM of the authorities that the endpoint's certificate is checked against. Absent: the usual ones. */
  readonly ca?: string | undefined;
  /** Through which the store is reached. Absent: directly. */
  readonly proxy?: ProxyConfig | undefined;
};

const PART = 8 * 1024 * 1024;

/** Archives below a prefix of a bucket. The parts of an upload become an object only together. */
export class S3Store implements ArchiveStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #endpoint: string;

  constructor(bucket: string, prefix: string, options: S3Options) {
    this.#bucket = bucket;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.#endpoint = options.endpoint ?? `s3.${options.region}.amazonaws.com`;
    const { endpoint, region, accessKeyId, secretAccessKey, ca, proxy } = options;
    const connections = { keepAlive: true, ...(proxy !== undefined && { proxyEnv: agentProxy(proxy) }) };
    this.#client = new S3Client({
      region,
      credentials: { accessKeyId, secretAccessKey },
      // Names of buckets in front of the host need a wildcard in DNS and in the certificate.
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      // Not every store knows the checksums that Amazon's does; the archive has its own.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        connectionTimeout: 10_000,
        socketTimeout: 60_000,
        // Agents and not their options: for large bodies the client would make others without them.
        httpAgent: new HttpAgent(connections),
        httpsAgent: new HttpsAgent({ ...connections, ...(ca !== undefined && { ca }) }),
      },
      maxAttempts: 3,
    });
  }

  async put(key: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const Body = Readable.from(content);
    const params = { Bucket: this.#bucket, Key: this.#prefix + key, Body };
    try {
      await new Upload({ client: this.#client, params, partSize: PART, queueSize: 1 }).done();
    } catch (error) {
      throw this.#told(error, key);
    } finally {
      Body.destroy();
    }
  }

  async get(key: string): Promise<AsyncIterable<Uint8Array>> {
    const answer = await this.#ask(key, () =>
      this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key })),
    );
    if (answer.Body === undefined) throw new BackupError("BACKUP_NOT_FOUND", { location: this.#locationOf(key) });
    return this.#readable(answer.Body as Readable, key);
  }

  list(folder: string): Promise<readonly Stored[]> {
    const query = { Bucket: this.#bucket, Prefix: `${this.#prefix}${folder}/`, Delimiter: "/" };
    return this.#ask(folder, async () => {
      const found: Stored[] = [];
      for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#client }, query)) {
        for (const { Key = "", LastModified } of Contents) {
          // What has no time is not known to be old.
          const changedAt = LastModified?.getTime() ?? Number.POSITIVE_INFINITY;
          found.push({ key: Key.slice(this.#prefix.length), changedAt });
        }
      }
      return found;
    });
  }

  async remove(key: string): Promise<void> {
    const object = { Bucket: this.#bucket, Key: this.#prefix + key };
    await this.#ask(key, () => this.#client.send(new DeleteObjectCommand(object)));
  }

  async *#readable(body: Readable, key: string): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#told(error, key);
    }
  }

  async #ask<T>(key: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw this.#told(error, key);
    }
  }

  #locationOf = (key: string) => `s3://${this.#bucket}/${this.#prefix}${key}`;

  #told(error: unknown, key: string): unknown {
    if (error instanceof BackupError) return error;
    const kind = kindOf(error);
    if (kind === undefined) return error;
    const place = { endpoint: this.#endpoint, bucket: this.#bucket, location: this.#locationOf(key) };
    return new BackupError(kind, { ...place, target: `s3://${this.#bucket}`, reason: told(error) }, error);
  }
}

const refusals = /^(InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|Forbidden|InvalidToken|ExpiredToken)$/;
const unreachable =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|EPROTO|TimeoutError|ERR_(TLS|SSL|PROXY)_.*|.*CERT.*)$/;

const statusOf = (error: unknown) => (error as Partial<S3ServiceException>).$metadata?.httpStatusCode;

/** A proxy asks for its own password. For https it says so before there is a request. */
const isOfTheProxy = (error: unknown) => statusOf(error) === 407;

function told(error: unknown): string {
  if (isOfTheProxy(error)) return "the proxy answers 407, Proxy Authentication Required";
  return error instanceof Error && error.name !== "Error" ? `${error.name}: ${reasonOf(error)}` : reasonOf(error);
}

/** What an error of the store means; undefined for one that is not the store's. */
function kindOf(error: unknown) {
  if (!(error instanceof Error)) return undefined;
  const { name } = error;
  const code = "code" in error ? String(error.code) : name;
  const status = statusOf(error);
  if (name === "NoSuchBucket") return "BACKUP_BUCKET_NOT_FOUND";
  if (name === "NoSuchKey" || name === "NotFound") return "BACKUP_NOT_FOUND";
  if (isOfTheProxy(error)) return "BACKUP_STORE_UNREACHABLE";
  if (refusals.test(name) || status === 401 || status === 403) return "BACKUP_CREDENTIALS_REFUSED";
  if (/Full|Quota|InsufficientStorage/.test(name) || status === 507) return "BACKUP_TARGET_FULL";
  if (unreachable.test(code) || unreachable.test(name)) return "BACKUP_STORE_UNREACHABLE";
  return status === undefined ? undefined : "BACKUP_STORE_FAILED";
}
