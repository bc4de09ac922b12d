import * as z from "zod";

/** Stands in a route for everybody in the list of allowed users. No chat can be called so. */
export const ALLOWED_USERS = "allowedUsers";

/** Most of each: what a spec holds at most fits into one variable of a pod. */
export const mostChats = 50;
export const mostRoutes = 20;

/** How a chat is named in routes. */
const chatName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** Public name of a group or channel. */
const publicName = /^@[A-Za-z][A-Za-z0-9_]{3,31}$/;

/** Of printable ASCII without the characters that JSON escapes, and without the `$` that Kubernetes expands in variables. */
const plainPattern = (units: number) =>
  z
    .string()
    .min(1)
    .max(units)
    .regex(/^[ !#%-[\]-~]+$/);

/** People write it, so it may have any letters; `*` stands for what JSON or Kubernetes would read in another way. */
const writtenPattern = (units: number) =>
  z
    .string()
    .min(1)
    .max(units)
    .regex(/^[^\p{Cc}"$\\]+$/u);

const set = <Item extends z.ZodType>(item: Item, most: number) => z.array(item).min(1).max(most).optional();

/** A chat that events can be sent to. */
export const chatSchema = z.strictObject({
  name: z.string().min(1).max(40).regex(chatName),
  id: z.union([
    z
      .int()
      .min(-999_999_999_999_999)
      .max(999_999_999_999_999)
      .refine((id) => id !== 0, "0 is no chat"),
    z.string().min(5).max(33).regex(publicName),
  ]),
  topic: z.int().min(1).max(2_147_483_647).optional(),
});

/** Which events go to which chats. Each list that is given has to hold; of a list one item does. `*` stands for any text. */
export const routeSchema = z.strictObject({
  eventTypes: set(plainPattern(64), 20),
  sources: set(writtenPattern(64), 10),
  severities: set(plainPattern(32), 10),
  clients: set(plainPattern(64), 10),
  chats: z
    .array(
      z
        .string()
        .min(1)
        .max(40)
        .regex(new RegExp(`${chatName.source}|^${ALLOWED_USERS}$`)),
    )
    .min(1)
    .max(20),
});

export type Chat = z.output<typeof chatSchema>;
export type Route = z.output<typeof routeSchema>;

/** What a route asks of an event. */
export const criteria = ["eventTypes", "sources", "severities", "clients"] as const satisfies (keyof Route)[];

/**
 * What is wrong with chats and routes that are each well-formed; empty when nothing is.
 *
 * @example
 * ```ts
 * const chats = [{ name: "ops", id: -100123 }];
 * routingProblems(chats, [{ eventTypes: ["build_*"], chats: ["ops", "allowedUsers"] }]).length; // => 0
 * routingProblems(chats, [{ clients: ["ci"], chats: ["op"] }])[0]; // => route 1 names the chat "op", which does not exist
 * ```
 */
export function routingProblems(chats: readonly Chat[], routes: readonly Route[]): readonly string[] {
  const names = chats.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...[...new Set(twice)].map((name) => `two chats are named "${name}"`),
    ...routes.flatMap((route, index) => routeProblems(route, `route ${index + 1}`, new Set(names))),
  ];
}

function routeProblems(route: Route, which: string, names: ReadonlySet<string>): readonly string[] {
  const isEmpty = criteria.every((criterion) => route[criterion] === undefined);
  const unknown = route.chats.filter((chat) => chat !== ALLOWED_USERS && !names.has(chat));
  return [
    ...(isEmpty ? [`${which} matches nothing in particular: give it ${criteria.join(", ")}; ["*"] matches all`] : []),
    ...unknown.map((chat) => `${which} names the chat "${chat}", which does not exist`),
  ];
}
