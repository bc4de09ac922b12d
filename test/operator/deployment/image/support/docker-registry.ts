import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../../../../e2e/cluster/free-ports.ts";
import { opens } from "../../../../../e2e/port.ts";
import { digestOf } from "../../../../../operator/deployment/image/cosign.ts";
import { eventually } from "../../support/steps.ts";
import { type Pair, signatureOf, statementOf } from "./signing.ts";

const program = "docker-registry";
const ociManifest = "application/vnd.oci.image.manifest.v1+json";

export const hasRegistry = spawnSync(program, ["--version"]).status === 0;
export const notRun = hasRegistry ? "" : " (not run: install the package docker-registry)";

/** The only user of a registry with a password, which it knows by bcrypt's hash. */
export const user = {
  username: "puller",
  password: "a-password-for-tests",
  hash: "$2b$04$4imTc5WgEOLhQ60PkjEHSuFIbKyfXsjeemTgrXLDhooi8m9R8foVW",
};

type Manifest = { readonly config: { readonly digest: string } };

type Options = {
  readonly access: "Open" | "Password";
  /** Default: loopback. */
  readonly address?: string;
};

/** A real registry (CNCF Distribution), by plain HTTP. */
export class DockerRegistry {
  readonly host: string;
  readonly #folder: string;
  readonly #stop: () => Promise<void>;
  readonly #authorization: Record<string, string>;

  static async start({ access, address = "127.0.0.1" }: Options): Promise<DockerRegistry> {
    const folder = mkdtempSync(join(tmpdir(), "cctelegram-registry-"));
    const [port = 0] = await freePorts(1);
    const file = join(folder, "config.json");
    writeFileSync(join(folder, "htpasswd"), `${user.username}:${user.hash}\n`);
    const auth = access === "Open" ? {} : { auth: { htpasswd: { realm: "tests", path: join(folder, "htpasswd") } } };
    const storage = { filesystem: { rootdirectory: join(folder, "data") } };
    const log = { level: "error", accesslog: { disabled: true } };
    writeFileSync(file, JSON.stringify({ version: 0.1, log, storage, http: { addr: `${address}:${port}` }, ...auth }));
    const child = spawn(program, ["serve", file], { stdio: "ignore" });
    await eventually(async () => {
      if (!(await opens(address, port, 1_000))) throw new Error("the registry does not listen yet");
    });
    const stop = async () => {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    };
    return new DockerRegistry(`${address}:${port}`, folder, stop, access === "Password");
  }

  private constructor(host: string, folder: string, stop: () => Promise<void>, isClosed: boolean) {
    this.host = host;
    this.#folder = folder;
    this.#stop = stop;
    const basic = Buffer.from(`${user.username}:${user.password}`).toString("base64");
    this.#authorization = isClosed ? { authorization: `Basic ${basic}` } : {};
  }

  /** Pushes an image of one layer; the digest of its manifest. */
  async push(repository: string, tag: string, content: string): Promise<string> {
    const config = await this.#blob(repository, Buffer.from("{}"));
    const layer = await this.#blob(repository, Buffer.from(content));
    return this.#manifest(repository, tag, {
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    });
  }

  /** Pushes the image of a tag again under that tag, with another label; the digest of its manifest. */
  async relabel(repository: string, tag: string, labels: object): Promise<string> {
    const get = async (path: string) => this.#send(`http://${this.host}/v2/${repository}/${path}`, "GET");
    const { config, ...manifest } = (await (await get(`manifests/${tag}`)).json()) as Manifest;
    const image = (await (await get(`blobs/${config.digest}`)).json()) as { readonly config?: object };
    const changed = JSON.stringify({ ...image, config: { ...image.config, Labels: labels } });
    const blob = await this.#blob(repository, Buffer.from(changed));
    return this.#manifest(repository, tag, { ...manifest, config: { ...config, ...blob } });
  }

  /** Puts a signature where cosign does. */
  async sign(repository: string, digest: string, pair: Pair, payload = statementOf(digest)): Promise<void> {
    await this.pushSignatures(repository, digest, [{ payload, signature: signatureOf(payload, pair) }]);
  }

  async pushSignatures(
    repository: string,
    digest: string,
    signatures: readonly { readonly payload: Buffer; readonly signature: string }[],
  ): Promise<void> {
    const config = await this.#blob(repository, Buffer.from("{}"));
    const layers = await Promise.all(
      signatures.map(async ({ payload, signature }) => ({
        mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
        ...(await this.#blob(repository, payload)),
        annotations: { "dev.cosignproject.cosign/signature": signature },
      })),
    );
    await this.#manifest(repository, `${digest.replace(":", "-")}.sig`, {
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers,
    });
  }

  async stop(): Promise<void> {
    await this.#stop();
    rmSync(this.#folder, { recursive: true });
  }

  async #blob(repository: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
    const digest = digestOf(bytes);
    const start = await this.#send(`http://${this.host}/v2/${repository}/blobs/uploads/`, "POST");
    const url = new URL(start.headers.get("location") ?? "", `http://${this.host}`);
    url.searchParams.set("digest", digest);
    await this.#send(url.href, "PUT", bytes, "application/octet-stream");
    return { digest, size: bytes.length };
  }

  async #manifest(repository: string, tag: string, fields: object): Promise<string> {
    const mediaType = ociManifest;
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
    await this.#send(`http://${this.host}/v2/${repository}/manifests/${tag}`, "PUT", bytes, mediaType);
    return digestOf(bytes);
  }

  async #send(url: string, method: string, body?: Buffer, type?: string): Promise<Response> {
    const headers = {
      accept: ociManifest,
      ...this.#authorization,
      ...(type === undefined ? {} : { "content-type": type }),
    };
    const answer = await fetch(url, { method, headers, ...(body ? { body: new Uint8Array(body) } : {}) });
    if (!answer.ok) throw new Error(`${method} ${url}: HTTP ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}
