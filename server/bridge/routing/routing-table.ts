import { ALLOWED_USERS, type Chat, type Route } from "../../../contract/chats.ts";
import type { Event } from "../../../contract/event.ts";
import { type Destination, standInFor } from "./destination.ts";
import { matches } from "./pattern.ts";

/** Where events go. */
export type RoutingTable = {
  /** Of what no route matches. */
  readonly byDefault: readonly Destination[];
  /** The first that matches decides. */
  readonly routes: readonly { readonly route: Route; readonly to: readonly Destination[] }[];
};

export type RoutingConfig = {
  readonly allowedUsers: readonly number[];
  readonly chats?: readonly Chat[];
  readonly routes?: readonly Route[];
};

/** The General topic of a group: messages in it carry no thread, and Telegram refuses them with this one. */
const GENERAL = 1;

export function destinationOf({ id, topic }: Chat): Destination {
  const chat = typeof id === "number" ? { chatId: id } : { chatId: standInFor(id), publicName: id };
  return topic === undefined || topic === GENERAL ? chat : { ...chat, topic };
}

/** Chats that a route names and that do not exist are left out: the configuration has been checked. */
export function routingTable({ allowedUsers, chats = [], routes = [] }: RoutingConfig): RoutingTable {
  const byDefault = allowedUsers.map((chatId) => ({ chatId }));
  const byName = new Map(chats.map((chat) => [chat.name, destinationOf(chat)]));
  const named = (name: string) => (name === ALLOWED_USERS ? byDefault : [byName.get(name) ?? []].flat());
  return { byDefault, routes: routes.map((route) => ({ route, to: distinct(route.chats.flatMap(named)) })) };
}

/** What routes look at. */
type Routed = Pick<Event, "type" | "source" | "client" | "data">;

/** Where an event goes, each place once. Pure. */
export function destinationsOf(event: Routed, { byDefault, routes }: RoutingTable): readonly Destination[] {
  return routes.find(({ route }) => concerns(route, event))?.to ?? byDefault;
}

function concerns({ eventTypes, sources, severities, clients }: Route, event: Routed): boolean {
  const severity = severityOf(event);
  return (
    holds(eventTypes, event.type) &&
    holds(sources, event.source) &&
    holds(clients, event.client) &&
    (severities === undefined || (severity !== undefined && holds(severities.map(lower), severity)))
  );
}

function holds(patterns: readonly string[] | undefined, text: string): boolean {
  return patterns?.some((pattern) => matches(pattern, text)) ?? true;
}

/** What the sender says of it: performance alerts always do. */
function severityOf({ data }: Routed): string | undefined {
  return typeof data.severity === "string" ? lower(data.severity.trim()) : undefined;
}

function lower(text: string): string {
  return text.toLowerCase();
}

function distinct(destinations: readonly Destination[]): readonly Destination[] {
  return [...new Map(destinations.map((each) => [`${each.chatId} ${each.topic ?? ""}`, each])).values()];
}

/** The names of chats that get nothing, because no route names them. */
export function unusedChats({ chats = [], routes = [] }: RoutingConfig): readonly string[] {
  const used = new Set(routes.flatMap((route) => route.chats));
  return chats.map(({ name }) => name).filter((name) => !used.has(name));
}

/** Every place that messages may go to. */
export function placesOf({ allowedUsers, chats = [] }: RoutingConfig): readonly Destination[] {
  return [...allowedUsers.map((chatId) => ({ chatId })), ...chats.map(destinationOf)];
}

/** Every chat that messages may go to. */
export function recipientsOf(config: RoutingConfig): readonly number[] {
  return placesOf(config).map(({ chatId }) => chatId);
}
