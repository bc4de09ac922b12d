import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import { until } from "../server/bridge/support.ts";
import { makeCertificate } from "../server/support/certificates.ts";

export type S3Server = {
  readonly endpoint: string;
  readonly certPath: string;
  /** A client of another's code, with every right. */
  readonly client: S3Client;
  /** The variables of a backup that may do everything. */
  readonly env: Record<string, string>;
  close(): Promise<void>;
};

const owner = { accessKey: "owner-of-all", secretKey: "owner-secret-of-all-0123456789" };
const reader = { accessKey: "reads-alone", secretKey: "reader-secret-of-all-0123456789" };

/** Credentials that may list and read, and nothing else. */
export const readOnly = { S3_ACCESS_KEY_ID: reader.accessKey, S3_SECRET_ACCESS_KEY: reader.secretKey };

const identities = {
  identities: [
    { name: "owner", credentials: [owner], actions: ["Admin", "Read", "Write", "List", "Tagging"] },
    { name: "reader", credentials: [reader], actions: ["Read", "List"] },
  ],
};

/** A name for which the store's certificate is good, too. */
export const storeName = "s3.test";

/** SeaweedFS in a folder, with a store that speaks S3 over TLS and one bucket. `python` is that of its environment. */
export async function startSeaweedFs(python: string, folder: string, bucket: string): Promise<S3Server> {
  const { certPath, keyPath, cert } = makeCertificate(folder, storeName);
  const config = join(folder, "identities.json");
  await writeFile(config, JSON.stringify(identities));
  const port = await freePort();
  const weed = spawn(
    join(dirname(python), "weed"),
    [
      "server",
      ...[
        `-dir=${folder}`,
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
      ],
      ...(await ports()),
      ...["-filer", "-s3", `-s3.port=${port}`, `-s3.config=${config}`, "-s3.iam=false", "-s3.autoCreateBucket=false"],
      ...["filer", "s3"].map((part) => `-${part}.localSocket=${join(folder, `${part}.sock`)}`),
      ...["-s3.port.iceberg=0", "-s3.port.lance=0", `-s3.cert.file=${certPath}`, `-s3.key.file=${keyPath}`],
    ],
    // Its logs go where other programs have their temporary files.
    { stdio: "ignore", cwd: folder, env: { ...process.env, TMPDIR: folder } },
  );
  const endpoint = `https://127.0.0.1:${port}`;
  const client = new S3Client({
    ...{ endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1 },
    credentials: { accessKeyId: owner.accessKey, secretAccessKey: owner.secretKey },
    requestHandler: { httpsAgent: { ca: cert } },
  });
  const made = () =>
    client.send(new CreateBucketCommand({ Bucket: bucket })).then(
      () => true,
      () => weed.exitCode !== null,
    );
  await until("SeaweedFS takes a bucket", made, 60_000);
  const env = {
    S3_ENDPOINT: endpoint,
    S3_CA_FILE: certPath,
    S3_ACCESS_KEY_ID: owner.accessKey,
    S3_SECRET_ACCESS_KEY: owner.secretKey,
  };
  return { endpoint, certPath, client, env, close: () => end(weed, client) };
}

/** Its gRPC ports would be ten thousand higher, where other programs are. */
async function ports(): Promise<readonly string[]> {
  const names = ["master", "volume", "filer"].flatMap((part) => [`${part}.port`, `${part}.port.grpc`]);
  const flags: string[] = [];
  for (const name of [...names, "s3.port.grpc"]) flags.push(`-${name}=${await freePort()}`);
  return flags;
}

/** SIGTERM would take it a quarter of an hour. */
async function end(weed: ChildProcess, client: S3Client): Promise<void> {
  client.destroy();
  if (weed.exitCode !== null) return;
  const exit = once(weed, "exit");
  weed.kill("SIGKILL");
  await exit;
}
