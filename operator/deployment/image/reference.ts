import type { DeploymentSpec } from "../../api/spec.ts";

/** Where an image is, as its reference says. */
export type ImageReference = {
  /** Host and port whose API has it. */
  readonly registry: string;
  /** Path in the registry. */
  readonly repository: string;
  /** The reference without its digest. */
  readonly named: string;
  readonly tag: string;
  /** "sha256:…", if the reference has one. */
  readonly digest: string | undefined;
};

const hub = "docker.io";
const hubApi = "registry-1.docker.io";

/** Reads a reference as container runtimes do: without a registry it is Docker Hub, without a tag and a digest it is "latest". */
export function parseReference(reference: string): ImageReference {
  const [named = "", digest] = reference.split("@");
  const [, path = named, tag = "latest"] = /^(.*):([^:/]+)$/.exec(named) ?? [];
  const [first = "", ...rest] = path.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = hasRegistry ? first : hub;
  const repository = hasRegistry ? rest.join("/") : path;
  const isShort = registry === hub && !repository.includes("/");
  return {
    registry: registry === hub || registry === "index.docker.io" ? hubApi : registry,
    repository: isShort ? `library/${repository}` : repository,
    named,
    tag,
    digest,
  };
}

/** The image with the tag that `version` asks for. */
export function imageOf({ images, version }: Pick<DeploymentSpec, "images" | "version">, defaultImage: string): string {
  const image = images.server ?? defaultImage;
  if (version === undefined) return image;
  return `${image.replace(/@.*$/, "").replace(/:[^:/]*$/, "")}:${version}`;
}
