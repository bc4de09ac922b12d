import * as z from "zod";
import { ALLOWED_USERS, chatSchema, criteria, mostChats, mostRoutes, routeSchema } from "../../contract/chats.ts";
import { rule } from "./schema.ts";

const { name, id, topic } = chatSchema.shape;
const { eventTypes, sources, severities, clients, chats } = routeSchema.shape;
const set = { "x-kubernetes-list-type": "set" };

const chat = z.strictObject({
  name: name.describe("Name of the chat in routes, conditions and the bridge's status."),
  id: id
    .describe("Telegram id: of a person, or negative of a group or channel. Or the @name of a public group or channel.")
    .meta(rule("string(self) != '0'", "id must be that of a person, group or channel: 0 is none")),
  topic: topic.describe(
    "A topic of the group: the number after the group in a link to it. Default: the General topic, or a chat without topics.",
  ),
});

/** The chats that routes can name. */
export const telegramChats = z
  .array(chat)
  .max(mostChats)
  .describe("Groups, supergroups, channels and topics, or single people, that routes send events to.")
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] });

const route = z
  .strictObject({
    eventTypes: eventTypes.describe("Types of events, for example build_*.").meta(set),
    sources: sources.describe("What the senders call themselves: anybody with a key can say anything.").meta(set),
    severities: severities
      .describe(
        "What data.severity of the event says, in any case. Performance alerts have low, medium, high or critical.",
      )
      .meta(set),
    clients: clients.describe("Names of the clients whose keys sent the event.").meta(set),
    chats: chats.describe(`Names of chats, or ${ALLOWED_USERS} for all of allowedUsers.`).meta(set),
  })
  .meta(
    rule(
      criteria.map((criterion) => `has(self.${criterion})`).join(" || "),
      `a route must say which events it is for, by ${criteria.join(", ")}; eventTypes: ['*'] is every event`,
    ),
  );

/** Where events go. */
export const telegramRoutes = z
  .array(route)
  .max(mostRoutes)
  .describe(
    "Which events go to which chats. Each list of a route has to match, by one of its items; * stands for any text. The first route that matches decides; an event that none matches goes to allowedUsers.",
  )
  .meta({ "x-kubernetes-list-type": "atomic" });

/** A route names only chats that there are. */
export const routesRule = {
  rule: `!has(self.routes) || self.routes.all(route, route.chats.all(chat, chat == '${ALLOWED_USERS}' || (has(self.chats) && self.chats.exists(known, known.name == chat))))`,
  message: `routes must name chats of telegram.chats, or ${ALLOWED_USERS}`,
};
