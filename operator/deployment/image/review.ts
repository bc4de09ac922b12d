import type { KeyObject } from "node:crypto";
import type { ObjectKey } from "../../runtime/controller.ts";
import { printable } from "../printable.ts";
import type { Reading } from "../probing/probe-schedule.ts";
import type { SecretData } from "../references/foreign-secrets.ts";
import { isSigned, type SignatureLayer, signatureLayers, signatureTag } from "./cosign.ts";
import { credentialsFor } from "./credentials.ts";
import { type Get, NotCalledError } from "./guarded-get.ts";
import { type ImageReference, parseReference } from "./reference.ts";
import { RegistryError, Repository } from "./registry.ts";

/** An image that is to be looked at, for a resource. */
export type ImageQuestion = ObjectKey & {
  readonly uid: string;
  readonly reference: string;
  /** Public keys in PEM, of which one has to have signed; undefined: the digest is enough. */
  readonly keys: readonly string[] | undefined;
  /** Names of Secrets with credentials for registries. */
  readonly pullSecrets: readonly string[];
  /** Fingerprint of the question. */
  readonly policy: string;
};

/** What was found. `Refused` stays so until a person acts; `Unverifiable` may pass. */
export type ImageFinding = { readonly policy: string; readonly reference: string; readonly lasting?: boolean } & (
  | { readonly state: "Found"; readonly digest: string }
  | { readonly state: "Refused" | "Unverifiable"; readonly message: string }
);

/** The content of a Secret; undefined when there is none. */
type ReadSecret = (namespace: string, name: string) => Promise<SecretData | undefined>;

export type Review = (question: ImageQuestion, readSecret: ReadSecret) => Promise<ImageFinding>;

type Options = {
  readonly get: Get;
  readonly plainHosts: readonly string[];
  readonly readKey: (pem: string) => KeyObject | undefined;
};

/** In bytes; a statement has some hundred. */
const longestStatement = 64 * 1024;
/** An image that many have signed has as many signatures; ours is among the first. */
const mostSignatures = 20;

/** Looks an image up in its registry: its digest, and with keys whether one of them has signed it. */
export function imageReview(options: Options): Review {
  return async (question, readSecret) => {
    const { policy, reference } = question;
    const image = parseReference(reference);
    try {
      const repository = await repositoryOf(image, question, { ...options, readSecret });
      const digest = image.digest ?? (await repository.resolve(image.tag));
      const refusal = question.keys && (await refusalOf(repository, digest, question, options));
      if (refusal !== undefined) return { policy, reference, state: "Refused", message: refusal };
      return { policy, reference, state: "Found", digest };
    } catch (error) {
      return { policy, reference, ...failureOf(error, image, reference) };
    }
  };
}

async function repositoryOf(
  { registry, repository }: ImageReference,
  question: ImageQuestion,
  options: Options & { readonly readSecret: ReadSecret },
) {
  const { get, plainHosts, readSecret } = options;
  const { namespace, pullSecrets } = question;
  const secrets = await Promise.all(pullSecrets.map((name) => readSecret(namespace, name)));
  const credentials = credentialsFor(
    registry,
    secrets.filter((data) => data !== undefined),
  );
  return new Repository({ get, registry, repository, isPlain: plainHosts.includes(registry), credentials });
}

/** Why the image may not run; undefined when a key has signed it. */
async function refusalOf(
  repository: Repository,
  digest: string,
  { keys: pems = [], reference }: ImageQuestion,
  { readKey }: Options,
): Promise<string | undefined> {
  const keys = pems.flatMap((pem) => readKey(pem) ?? []);
  const found = await signaturesOf(repository, digest);
  if (found === undefined || found.length === 0) {
    return `${reference} has no signature by cosign: sign it (cosign sign --key KEY IMAGE@${digest}), or name a signed image; the pods that run stay as they are`;
  }
  for (const { digest: layer, signature } of found.slice(0, mostSignatures)) {
    const payload = await repository.blob(layer, longestStatement);
    if (isSigned(digest, { payload, signature }, keys)) return undefined;
  }
  return `no key of images.verification has signed ${reference} (${digest}): somebody else has. Name the key of who builds your images, or an image that it has signed; the pods that run stay as they are`;
}

async function signaturesOf(repository: Repository, digest: string): Promise<SignatureLayer[] | undefined> {
  try {
    return signatureLayers((await repository.manifest(signatureTag(digest))).toString());
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}

/** Says no more of an answer than its HTTP status: the operator is no telescope into networks that an author does not see. */
function failureOf(
  error: unknown,
  { registry }: ImageReference,
  reference: string,
): { readonly state: "Refused" | "Unverifiable"; readonly message: string } {
  const host = printable(registry, 128);
  if (error instanceof RegistryError && error.status === 404) {
    return {
      state: "Refused",
      message: `${reference} does not exist: push it to ${host}, or correct version or images.server`,
    };
  }
  if (error instanceof RegistryError && (error.status === 401 || error.status === 403)) {
    return {
      state: "Unverifiable",
      message: `${host} does not let the operator read ${reference}: name a Secret with credentials for ${host} in images.pullSecrets`,
    };
  }
  if (error instanceof RegistryError) {
    return { state: "Unverifiable", message: `${host} answers with HTTP ${error.status}; the operator asks again` };
  }
  if (error instanceof NotCalledError) {
    return {
      state: "Unverifiable",
      message: `the operator does not call ${host}: only by https, and no loopback, link-local, metadata or API server address. An administrator may list it in plainRegistries of the chart`,
    };
  }
  return {
    state: "Unverifiable",
    message: `${host} gives the operator no answer that it understands: check that the operator reaches it by https and trusts its certificate; the operator asks again`,
  };
}

/** How the schedule reads the findings. */
export const reviewReading: Reading<ImageFinding> = {
  isWell: ({ state }) => state === "Found",
  isQuiet: () => true,
  shown: (finding) => JSON.stringify(finding) ?? "",
};
