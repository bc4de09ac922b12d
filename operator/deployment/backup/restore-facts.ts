import type { V1Pod } from "@kubernetes/client-node";
import { lastWordsOf } from "../../../contract/backup.ts";
import { restoreContainer } from "../desired/restore.ts";
import type { NoPlan } from "./restore-source.ts";

/** How the init container of a bridge's pod has ended, when it has not filled the volume. */
export type Refusal = { readonly code: string; readonly message: string };

/** What is known of the restore that a resource asks for. */
export type RestoreFacts = {
  /** Why it cannot be tried. */
  readonly noPlan: NoPlan | undefined;
  readonly refusal: Refusal | undefined;
  /** The bridge has started with the volume. */
  readonly done: boolean;
};

/** Why the newest try of a pod was refused. */
export function restoreRefusal({ status }: V1Pod): { readonly restoreRefused?: Refusal } {
  const container = status?.initContainerStatuses?.find(({ name }) => name === restoreContainer);
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  if (ended === undefined || ended.exitCode === 0) return {};
  const words = lastWordsOf(ended.message ?? "");
  return words !== undefined && "code" in words ? { restoreRefused: { code: words.code, message: words.message } } : {};
}
