import type { CachedResource } from "../cache/cached-objects.ts";
import type { ProbeSchedule } from "../probing/probe-schedule.ts";
import type { ForeignSecrets, SecretData } from "../references/foreign-secrets.ts";
import { type Acceptance, acceptanceOf, type Keys, questionOf } from "./acceptance.ts";
import { publicKey } from "./cosign.ts";
import { parseReference } from "./reference.ts";
import type { ImageFinding, ImageQuestion } from "./review.ts";
import { unsupported } from "./supported-version.ts";

type Parts = {
  readonly schedule: Pick<ProbeSchedule<ImageQuestion, ImageFinding>, "track" | "forget" | "result">;
  /** The Secrets that hold public keys, by {@link publicKeysIn}. */
  readonly secrets: Pick<ForeignSecrets<PublicKeys>, "get">;
  /** The image that a resource asks for. */
  readonly imageOf: (spec: CachedResource["spec"]) => string;
  readonly defaultImage: string;
  /** Version of this operator; undefined: every version of the image is supported. */
  readonly operatorVersion: string | undefined;
  /** Whether the operator acts for the resource at all: it then also asks registries. */
  readonly mayWrite: (resource: CachedResource) => boolean;
};

/** Decides whether pods may be made from the images that resources ask for. */
export class Images {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async acceptance(resource: CachedResource): Promise<Acceptance> {
    const { schedule, imageOf, mayWrite } = this.#parts;
    const image = imageOf(resource.spec);
    const message = this.#unsupported(resource, image);
    if (message !== undefined) return this.#unasked(resource, { state: "Unsupported", image, message });
    const keys = await this.#keys(resource);
    if (keys !== undefined && "problem" in keys) {
      return this.#unasked(resource, { state: "Unverifiable", image, message: keys.problem });
    }
    const question = questionOf(resource, image, keys?.pems);
    if (question === undefined) return this.#unasked(resource, { state: "AsWritten", image });
    const acceptance = acceptanceOf(question, resource.status.image, schedule.result(resource.uid));
    if (isShown(resource, acceptance) || !mayWrite(resource)) return this.#unasked(resource, acceptance);
    schedule.track(question);
    return acceptance;
  }

  /** No registry has to be asked. */
  #unasked(resource: CachedResource, acceptance: Acceptance): Acceptance {
    this.#parts.schedule.forget(resource.uid);
    return acceptance;
  }

  /** A tag of another repository follows that one's versions: its pods say which version they are. */
  #unsupported({ spec }: CachedResource, image: string): string | undefined {
    const { operatorVersion, defaultImage } = this.#parts;
    const isOurs = spec.version !== undefined || repositoryOf(image) === repositoryOf(defaultImage);
    if (operatorVersion === undefined || !isOurs) return undefined;
    return unsupported(spec.version ?? parseReference(image).tag, operatorVersion);
  }

  async #keys({ namespace, spec }: CachedResource): Promise<Keys> {
    const { verification } = spec.images;
    if (verification === undefined) return undefined;
    const pems: string[] = [];
    for (const { name, publicKey: inline, secretRef } of verification.keys) {
      const secret = secretRef && (await this.#parts.secrets.get(namespace, secretRef.name));
      const pem = inline ?? secret?.get(secretRef?.key ?? "cosign.pub");
      if (pem === undefined) return { problem: missing(name, secretRef) };
      if (publicKey(pem) === undefined) return { problem: unreadable(name) };
      pems.push(pem);
    }
    return { pems };
  }
}

/** An accepted image that the status shows needs no further look. */
const isShown = ({ status }: CachedResource, acceptance: Acceptance) =>
  acceptance.state === "Accepted" && acceptance.shown.policy === status.image?.policy;

/** "cctelegram/server" of a reference in any registry: mirrors keep it. */
const repositoryOf = (image: string) => parseReference(image).repository.split("/").slice(-2).join("/");

type PublicKeys = ReadonlyMap<string, string>;

/** What is kept of a Secret with public keys: nothing else of it, since cosign writes the private key beside them. */
export const publicKeysIn = (data: SecretData): PublicKeys =>
  new Map(
    Object.entries(data).flatMap(([key, value]) => {
      const text = Buffer.from(value, "base64").toString();
      return publicKey(text) === undefined ? [] : [[key, text] as const];
    }),
  );

const missing = (key: string, ref: { readonly name: string; readonly key?: string | undefined } | undefined) =>
  `the key ${key} of images.verification is not there: Secret ${ref?.name} has to hold a public key of cosign (PEM, ECDSA P-256) under ${ref?.key ?? "cosign.pub"}; create it, or correct the name`;

const unreadable = (key: string) =>
  `the key ${key} of images.verification is no public key that cosign makes (PEM, ECDSA P-256): take the content of cosign.pub`;
