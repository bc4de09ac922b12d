import * as z from "zod";
import { digestOf } from "./cosign.ts";
import type { Credentials } from "./credentials.ts";
import type { Answer, Get } from "./guarded-get.ts";

/** A registry did not give what was asked of it. `status` is that of HTTP. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly status: number;

  constructor(registry: string, status: number) {
    super(`${registry} answered with HTTP ${status}`);
    this.status = status;
  }
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** In bytes: what the specification of the API lets registries refuse, and more than any token or statement has. */
const longestManifest = 4 * 1024 * 1024;
const longestToken = 64 * 1024;

const token = z
  .object({ token: z.string().optional(), access_token: z.string().optional() })
  .transform((answer) => answer.token ?? answer.access_token);

type Options = {
  readonly get: Get;
  readonly registry: string;
  readonly repository: string;
  readonly isPlain: boolean;
  readonly credentials: Credentials | undefined;
};

/** The part of the OCI Distribution API that reads one repository. All methods throw a RegistryError for answers other than 200. */
export class Repository {
  readonly #options: Options;
  #authorization: string | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The digest of the manifest that a tag names now. */
  async resolve(tag: string): Promise<string> {
    // Docker Hub counts GET as a pull, HEAD not.
    const { headers } = await this.#ask(`manifests/${tag}`, { method: "HEAD", longest: 0 });
    const digest = headers["docker-content-digest"];
    if (typeof digest === "string" && /^sha256:[a-f0-9]{64}$/.test(digest)) return digest;
    return digestOf(await this.manifest(tag));
  }

  async manifest(tag: string): Promise<Buffer> {
    return (await this.#ask(`manifests/${tag}`, { method: "GET", longest: longestManifest })).body;
  }

  async blob(digest: string, longest: number): Promise<Buffer> {
    const { body } = await this.#ask(`blobs/${digest}`, { method: "GET", longest });
    if (digestOf(body) !== digest) throw new Error(`the blob ${digest} has other bytes than its name says`);
    return body;
  }

  async #ask(path: string, request: { readonly method: "GET" | "HEAD"; readonly longest: number }): Promise<Answer> {
    const { get, registry, repository, isPlain } = this.#options;
    const url = new URL(`${isPlain ? "http" : "https"}://${registry}/v2/${repository}/${path}`);
    const send = () =>
      get(url, {
        ...request,
        headers: {
          accept: path.startsWith("manifests/") ? manifestTypes : "*/*",
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        },
      });
    let answer = await send();
    if (answer.status === 401 && this.#authorization === undefined) {
      this.#authorization = await this.#authorize(String(answer.headers["www-authenticate"] ?? ""));
      if (this.#authorization !== undefined) answer = await send();
    }
    if (answer.status !== 200) throw new RegistryError(registry, answer.status);
    return answer;
  }

  /** What the registry's challenge asks for: the password, or a token for it. */
  async #authorize(challenge: string): Promise<string | undefined> {
    const { credentials, get, registry, repository } = this.#options;
    const basic = credentials && basicAuthorization(credentials);
    if (/^basic\b/i.test(challenge)) return basic;
    const realm = parameter(challenge, "realm");
    if (!/^bearer\b/i.test(challenge) || realm === undefined || !URL.canParse(realm)) return undefined;
    const url = new URL(realm);
    const service = parameter(challenge, "service");
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", `repository:${repository}:pull`);
    const headers = basic === undefined ? {} : { authorization: basic };
    const answer = await get(url, { headers, longest: longestToken });
    if (answer.status !== 200) throw new RegistryError(registry, answer.status);
    const granted = token.parse(JSON.parse(answer.body.toString()));
    return granted === undefined ? undefined : `Bearer ${granted}`;
  }
}

const basicAuthorization = ({ username, password }: Credentials) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

const parameter = (challenge: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`, "i").exec(challenge)?.[1];
