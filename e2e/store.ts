import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { startSeaweedFs, storeName } from "../test/clients/seaweedfs-server.ts";
import { type ForwardProxy, startForwardProxy } from "../test/server/support/forward-proxy.ts";

type Direction = "up" | "down";

/** Stops what goes through it at one byte, until it is opened. */
type Gate = { readonly reached: Promise<void>; open(): void };

/** A store on this machine that pods reach through a proxy alone. */
export type Store = {
  /** Of `backup` and `restoreFrom`; its Secrets are `store` and `authority`. */
  readonly target: object;
  /** What a resource needs for the way: `proxy`, and the hole in its network policies. */
  readonly way: object;
  /** The Secrets of `target`, for `kubectl apply`. */
  readonly secrets: readonly object[];
  /** What the proxy was asked for. */
  readonly asked: readonly string[];
  get(key: string): Promise<Uint8Array>;
  put(key: string, body: Uint8Array): Promise<void>;
  keys(): Promise<readonly string[]>;
  /** The next tunnel through which so many bytes went stops there. */
  gate(direction: Direction, bytes: number): Gate;
  close(): Promise<void>;
};

const bucket = "backups";

/** `python` has SeaweedFS; `host` is this machine's address as pods see it. */
export async function startStore(python: string, host: string): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), "store-"));
  await mkdir(join(folder, "seaweedfs"));
  const s3 = await startSeaweedFs(python, join(folder, "seaweedfs"), bucket);
  const gates = new Gates();
  const within = (direction: Direction) => gates.tunnel(direction);
  const proxy = await startForwardProxy(undefined, () => Number(new URL(s3.endpoint).port), { host, within });
  const [credentialsSecretRef, caSecretRef] = [{ name: "store" }, { name: "authority" }];
  return {
    target: { type: "S3", s3: { endpoint: `https://${storeName}`, bucket, credentialsSecretRef, caSecretRef } },
    way: wayOf(proxy, host),
    secrets: [
      secret("store", { accessKeyId: s3.env.S3_ACCESS_KEY_ID, secretAccessKey: s3.env.S3_SECRET_ACCESS_KEY }),
      secret("authority", { "ca.crt": await readFile(s3.certPath, "utf8") }),
    ],
    asked: proxy.requests,
    get: async (Key) => {
      const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    },
    put: async (Key, Body) => void (await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))),
    keys: async () => {
      const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key = "" }) => Key).sort();
    },
    gate: (direction, bytes) => gates.next(direction, bytes),
    close: async () => {
      await proxy.close();
      await s3.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function wayOf({ url }: ForwardProxy, host: string): object {
  const egressTo = [{ cidr: `${host}/32`, ports: [Number(new URL(url).port)] }];
  return { proxy: { httpsProxy: url }, networkPolicy: { egressTo } };
}

export const secret = (name: string, stringData: object) => ({
  ...{ apiVersion: "v1", kind: "Secret", metadata: { name }, type: "Opaque" },
  stringData,
});

/** The gate that is closed, if any, and what stands in tunnels to meet it. */
class Gates {
  #closed:
    | { readonly direction: Direction; readonly bytes: number; readonly meet: (go: () => void) => void }
    | undefined;

  next(direction: Direction, bytes: number): Gate {
    const waiting: (() => void)[] = [];
    let isOpen = false;
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const meet = (go: () => void) => {
      if (isOpen) return go();
      waiting.push(go);
      resolve();
    };
    this.#closed = { direction, bytes, meet };
    const open = () => {
      isOpen = true;
      this.#closed = undefined;
      for (const go of waiting) go();
    };
    return { reached, open };
  }

  tunnel(direction: Direction): Transform {
    let bytes = 0;
    return new Transform({
      transform: (chunk: Buffer, _encoding, callback) => {
        bytes += chunk.length;
        const gate = this.#closed;
        if (gate?.direction !== direction || bytes < gate.bytes) return callback(null, chunk);
        gate.meet(() => callback(null, chunk));
      },
    });
  }
}
