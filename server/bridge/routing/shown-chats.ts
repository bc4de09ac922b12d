import type { Chat } from "../../../contract/chats.ts";
import { isStandIn } from "./destination.ts";
import { destinationOf } from "./routing-table.ts";

/** How chats and topics are called where people read of them. */
export type ShownChats = {
  /** "ops (-100123)", or the id alone of a chat that has no name. */
  chat(chatId: number): string;
  /** The names of a chat, or of a topic in it; undefined when it has none. */
  name(chatId: number, topic?: number): string | undefined;
};

/** By the names of the configuration; `current` tells the id that a chat has now. */
export function shownChats(chats: readonly Chat[], current: (chatId: number) => number): ShownChats {
  const places = chats.map((chat) => {
    const { chatId, topic, publicName } = destinationOf(chat);
    return { name: chat.name, ids: [chatId, current(chatId)], topic, publicName };
  });
  const name = (chatId: number, topic?: number) => {
    const named = places.filter(
      ({ ids, ...place }) => ids.includes(chatId) && (topic === undefined || place.topic === topic),
    );
    return named.length === 0 ? undefined : named.map((place) => place.name).join(", ");
  };
  const id = (chatId: number) => places.find(({ ids }) => ids.includes(chatId))?.publicName ?? "a public name";
  const chat = (chatId: number) => {
    const called = name(chatId);
    const number = isStandIn(chatId) ? id(chatId) : `${chatId}`;
    return called === undefined ? number : `${called} (${number})`;
  };
  return { chat, name };
}

/** Of a chat whose id nobody knows yet it is 0. */
export function shownId(chatId: number): number {
  return isStandIn(chatId) ? 0 : chatId;
}
