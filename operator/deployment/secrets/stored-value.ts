import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import {
  nextAtAnnotation,
  previousUntilAnnotation,
  rotateAnnotation,
  rotatedAnnotation,
  sinceAnnotation,
} from "../names.ts";
import { printable } from "../printable.ts";
import type { GeneratedValue, StoredValue } from "./generated-value.ts";

/** What is kept of the annotations of our Secrets: how their values change. */
export type StoredRotation = Pick<
  StoredValue,
  "asked" | "granted" | "nextAt" | "previousUntil" | "since" | "createdAt"
>;

/** In characters; a timestamp has 20. */
const longestWish = 64;

/** How the value of a Secret changes. What older operators have written has no times: it is as old as its Secret. */
export function storedRotation({ metadata }: KubernetesObject): StoredRotation {
  const { annotations = {}, creationTimestamp } = metadata;
  const asked = annotations[rotateAnnotation];
  const rotation: StoredRotation = {
    createdAt: creationTimestamp,
    asked: asked && printable(asked, longestWish),
    granted: asked && annotations[rotatedAnnotation],
    nextAt: annotations[nextAtAnnotation],
    previousUntil: timeIn(annotations[previousUntilAnnotation]),
    since: timeIn(annotations[sinceAnnotation]),
  };
  return Object.fromEntries(Object.entries(rotation).filter(([, value]) => value));
}

/** What a person writes there may be no time. */
const timeIn = (text: string | undefined) => (Number.isNaN(Date.parse(text ?? "")) ? undefined : text);

/** A value in the data of a Secret, under its key and beside it. */
export function storedValue(
  key: string,
  state: { readonly secret?: Readonly<Record<string, string>>; readonly rotation?: StoredRotation } | undefined,
): StoredValue {
  const { secret = {}, rotation = {} } = state ?? {};
  return { current: secret[key], next: secret.next, previous: secret.previous, ...rotation };
}

/** The data in which a value is stored. */
export const dataOf = (key: string, { current, next, previous }: GeneratedValue): Record<string, string> => ({
  [key]: current,
  ...(next ? { next: next.value } : {}),
  ...(previous ? { previous: previous.value } : {}),
});

/** The annotations beside it. */
export const annotationsOf = ({ since, next, previous, granted }: GeneratedValue): Record<string, string> => ({
  ...(granted === undefined ? {} : { [rotatedAnnotation]: granted }),
  ...(since === undefined ? {} : { [sinceAnnotation]: since }),
  // Also before there is one: that of another rotation, as a restored Secret may have it, is not this one's.
  ...(next === undefined ? {} : { [nextAtAnnotation]: next.at ?? "" }),
  ...(previous === undefined ? {} : { [previousUntilAnnotation]: previous.until }),
});
