import { interned } from "../../runtime/interned.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import { revisionAnnotation, templateAnnotation } from "../names.ts";
import { hashOf, imageIn, type Template } from "./template.ts";
import { trackIn } from "./tracks.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The revision that a Deployment of servers was applied with. */
export type ServersState = {
  readonly template: string;
  /** Undefined: by an operator that did not number revisions. */
  readonly revision: number | undefined;
  readonly labelled: boolean;
};

/** The template among the fields that were applied. */
export const templateIn = (owned: Fields) => ((owned.spec as Fields | undefined)?.template ?? {}) as Template;

/** The image of the bridge. */
export function appliedImage(template: Template): { readonly image?: string } {
  const image = imageIn(template, "bridge");
  return image === undefined ? {} : { image: interned(image) };
}

/** The hash is computed only where no operator has written it. */
export function serversIn({ metadata }: KubernetesObject, template: Template): ServersState {
  const { [revisionAnnotation]: number = "", [templateAnnotation]: hash } = metadata.annotations ?? {};
  const revision = Number.parseInt(number, 10);
  return {
    template: interned(hash ?? hashOf(template)),
    revision: revision > 0 ? revision : undefined,
    labelled: trackIn(template.metadata?.labels) !== undefined,
  };
}
