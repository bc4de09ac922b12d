import type { DeploymentStatus } from "../../api/status.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import { sha256 } from "../names.ts";
import { parseReference } from "./reference.ts";
import type { ImageFinding, ImageQuestion } from "./review.ts";

/** Whether pods may be made from the image that a resource asks for. */
export type Acceptance =
  /** Nothing was asked of it. */
  | { readonly state: "AsWritten"; readonly image: string }
  | { readonly state: "Accepted"; readonly image: string; readonly shown: NonNullable<DeploymentStatus["image"]> }
  /** The registry has not answered yet. */
  | { readonly state: "Pending"; readonly image: string }
  | { readonly state: "Refused" | "Unverifiable" | "Unsupported"; readonly image: string; readonly message: string };

/** The keys of `images.verification`, or why they cannot be read. */
export type Keys = { readonly pems: readonly string[] } | { readonly problem: string } | undefined;

/** What has to be found out about the image; undefined when nothing was asked of it. */
export function questionOf(
  resource: CachedResource,
  reference: string,
  keys: readonly string[] | undefined,
): ImageQuestion | undefined {
  const { namespace, name, uid, spec, restartedAt } = resource;
  const { resolution, verification, pullSecrets } = spec.images;
  if (resolution !== "Digest" && verification === undefined) return undefined;
  // A restart asks what the tag names now, as it does where pods run the tag.
  const turn = parseReference(reference).digest === undefined ? restartedAt : undefined;
  const policy = sha256(JSON.stringify([reference, keys?.toSorted(), turn])).slice(0, 16);
  return { namespace, name, uid, reference, keys, pullSecrets, policy };
}

/**
 * The acceptance of an image that was asked about. One that was accepted stays so without the registry, also when its tag moves:
 * the digest is in the status.
 */
export function acceptanceOf(
  { reference, policy }: ImageQuestion,
  before: DeploymentStatus["image"],
  finding: ImageFinding | undefined,
): Acceptance {
  const known = before?.policy === policy && before.reference === reference ? before : undefined;
  if (known) return accepted(known);
  if (finding?.policy !== policy) return { state: "Pending", image: reference };
  if (finding.state === "Found") return accepted({ reference, digest: finding.digest, policy });
  // A registry that does not answer once is no news.
  if (finding.state === "Unverifiable" && finding.lasting === false) return { state: "Pending", image: reference };
  return { state: finding.state, image: reference, message: finding.message };
}

const accepted = (shown: NonNullable<DeploymentStatus["image"]>): Acceptance => ({
  state: "Accepted",
  image: pinned(shown.reference, shown.digest),
  shown,
});

/** With its tag, so that people see the version, and its digest, which is what nodes pull. */
const pinned = (reference: string, digest: string) => `${reference.replace(/@.*$/, "")}@${digest}`;

/** Whether the workloads stay as they are. */
export const isHeld = ({ state }: Acceptance) => state !== "AsWritten" && state !== "Accepted";
