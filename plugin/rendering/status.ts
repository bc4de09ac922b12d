import { printable } from "../terminal/printable.ts";
import type { Style } from "../terminal/style.ts";
import { ageOf } from "./age.ts";
import type { Cause, PartView, PodView, State, StatusView } from "./status-view.ts";
import { type Branch, tree } from "./tree.ts";

export type StatusLook = {
  readonly style: Style;
  readonly now: number;
  /** With nodes, images and addresses. */
  readonly wide: boolean;
};

/** Resources as trees: what is well in one line, what is not with its causes and what to do. */
export function statusText(views: readonly StatusView[], look: StatusLook): string {
  return views.map((view) => tree(resourceBranch(view, look))).join("\n\n");
}

function resourceBranch(view: StatusView, look: StatusLook): Branch {
  const { style } = look;
  const head = `${marked(view.state, style)} ${style.strong(printable(view.name))} in ${printable(view.namespace)}: ${printable(view.summary)}`;
  const why = view.causes.length === 0 ? [] : [{ text: style.strong("why"), below: whyBranches(view.causes, style) }];
  const address = look.wide && view.url ? [{ text: `url ${printable(view.url)}`, below: [] }] : [];
  return { text: head, below: [...why, ...view.parts.map((part) => partBranch(part, view, look)), ...address] };
}

/** Chains by their parts; of what is in none, each cause under the first, from which it may follow. */
function whyBranches(causes: readonly Cause[], style: Style): Branch[] {
  const parts = [...new Set(causes.flatMap(({ part }) => part ?? []))];
  const [first, ...rest] = causes.filter(({ part }) => part === undefined);
  const below = rest.map((cause) => ({ text: causeText(cause, style), below: [] }));
  return [
    ...parts.map((name) => ({
      text: printable(name),
      below: chain(
        causes.filter(({ part }) => part === name),
        style,
      ),
    })),
    ...(first === undefined ? [] : [{ text: causeText(first, style), below }]),
  ];
}

/** Each link under the one that it is the cause of. */
function chain([first, ...rest]: readonly Cause[], style: Style): Branch[] {
  return first === undefined ? [] : [{ text: causeText(first, style), below: chain(rest, style) }];
}

const causeText = ({ reason, message }: Cause, style: Style) =>
  `${style.bad(printable(reason))}: ${printable(message)}`;

function partBranch(part: PartView, view: StatusView, look: StatusLook): Branch {
  const { style } = look;
  // What stands under "why" is not said twice.
  const isShown = ({ reason, message }: Cause) =>
    view.causes.some((why) => why.message === message || (why.part === part.name && why.reason === reason));
  const own = part.causes.filter((cause) => !isShown(cause));
  const known = part.causes.filter(isShown).map(({ reason }) => reason);
  const summary = part.pods.length > 0 || part.state !== "bad" || known.length === 0 ? part.summary : known.join(", ");
  return {
    text: `${marked(part.state, style)} ${part.name}: ${printable(summary)}`,
    below: [
      ...own.map((cause) => ({ text: causeText(cause, style), below: [] })),
      ...part.pods.map((pod) => podBranch(pod, look)),
    ],
  };
}

function podBranch(pod: PodView, { style, now, wide }: StatusLook): Branch {
  const restarts = pod.restarts > 0 ? [`${pod.restarts} restarts`] : [];
  const more = wide ? [...(pod.node === undefined ? [] : [`on ${pod.node}`]), ...pod.images] : [];
  const facts = [pod.phase, `age ${ageOf(pod.createdAt, now)}`, ...restarts, ...more].map(printable).join(", ");
  return {
    text: `${marked(pod.state, style)} pod ${printable(pod.name)}: ${facts}`,
    below: pod.cause === undefined ? [] : [{ text: causeText(pod.cause, style), below: [] }],
  };
}

const signs: Readonly<Record<State, string>> = { ok: "✓", bad: "✗", waiting: "…" };

function marked(state: State, style: Style): string {
  const mark = { ok: style.good, bad: style.bad, waiting: style.warn }[state];
  return mark(signs[state]);
}
