import * as z from "zod";
import type { Resource } from "../cluster/resources.ts";
import { nameOf } from "../cluster/resources.ts";
import { problems } from "../problems.ts";

const rolloutSchema = z.looseObject({
  revision: z.int().optional(),
  target: z.int().optional(),
  undone: z.string().optional(),
  revisions: z
    .array(z.looseObject({ revision: z.int(), outcome: z.string().optional(), message: z.string().optional() }))
    .default([]),
});

/** Outcomes of revisions that clients have reached. */
const proven = new Set(["Previous", "Superseded"]);

type Rollout = z.output<typeof rolloutSchema>;

/** What the resource's status tells of its revisions. Throws when it tells nothing. */
function rolloutOf(resource: Resource): Rollout {
  const parsed = rolloutSchema.safeParse(resource.status?.rollout);
  if (!parsed.success) throw problems.noRollout(nameOf(resource));
  return parsed.data;
}

/** What is being rolled out, in words; undefined when nothing is. */
export function rolloutText(resource: Resource): string | undefined {
  const { target, revision, revisions } = rolloutSchema.safeParse(resource.status?.rollout).data ?? { revisions: [] };
  if (target === undefined) return undefined;
  const { outcome = "rolled out", message } = revisions.find((kept) => kept.revision === target) ?? {};
  const from = revision === undefined ? "" : ` after ${revision}`;
  return `revision ${target}${from}: ${outcome}${message === undefined || message === "" ? "" : `, ${message}`}`;
}

/** The revision that is being rolled out, or the one that was named if it is that. */
export function promotable(resource: Resource, named: number | undefined): number {
  const { target } = rolloutOf(resource);
  if (target === undefined) throw problems.nothingToPromote(nameOf(resource));
  if (named !== undefined && named !== target) throw problems.noRevision(named, [target]);
  return target;
}

/** The revision to go back to while another one is being rolled out: the one that runs. Else the last one that worked before. */
export function previous(resource: Resource): number {
  const { revision, target, revisions } = rolloutOf(resource);
  if (target !== undefined && revision !== undefined && target !== revision) return revision;
  const worked = revisions.filter((kept) => proven.has(kept.outcome ?? "") && kept.revision !== revision);
  const [last] = worked.map((kept) => kept.revision).toSorted((a, b) => b - a);
  if (last === undefined) throw problems.nothingToUndo(nameOf(resource));
  return last;
}

/** Whether the operator remembers that it was asked for this revision already: a wish counts once, until it is taken back. */
export const isRemembered = (resource: Resource, revision: number): boolean =>
  rolloutOf(resource).undone === String(revision);

/** Any that is kept. */
export function kept(resource: Resource, named: number): number {
  const numbers = rolloutOf(resource).revisions.map(({ revision }) => revision);
  if (!numbers.includes(named)) throw problems.noRevision(named, numbers);
  return named;
}
