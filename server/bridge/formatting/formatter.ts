import type { Event } from "../../../contract/event.ts";
import { eventTypeOf, everyField } from "../../../contract/event-types.ts";
import { emojiOf } from "./emoji.ts";
import { type Shown, shownFields } from "./fields.ts";
import { shownLine, shownText } from "./shown-text.ts";
import { shownTime } from "./shown-time.ts";
import type { MessageStyle } from "./style.ts";

/** Longest text that is looked at, in UTF-16 units: more than the messages of an event can hold. */
const LONGEST = 65_536;

/** How events are worded for the people of a bridge. */
export type Wording = {
  readonly style: MessageStyle;
  /** IANA name of the zone in which times are told. */
  readonly timeZone: string;
};

/** What a person is to read. */
export type Letter = {
  /** The type's emoji and the title, on one line. */
  readonly title: string;
  /** The description, and the details that matter. */
  readonly body: string;
  /** Whose key sent it; undefined when nobody knows. */
  readonly sender?: string;
};

/** An event in words. */
export function format(event: Event, wording: Wording): Letter {
  const title = shownLine(event.title) || shownLine(event.type);
  const texts = [...timeOf(event, wording), event.description, ...details(event, wording)];
  const body = texts.map((text) => shownText(text.slice(0, LONGEST)));
  const sender = event.client === "unknown" ? "" : shownLine(event.client);
  return {
    title: `${emojiOf(event.type, event.data)} ${title}`.trimEnd(),
    body: body.filter((text) => text !== "").join("\n\n"),
    ...(sender !== "" && { sender }),
  };
}

/** Messages have a time of their own, which is that of their arrival. */
function timeOf({ timestamp }: Event, { style, timeZone }: Wording): readonly string[] {
  return style === "detailed" ? [`⏰ ${shownTime(Date.parse(timestamp), timeZone)}`] : [];
}

/** Only what the description does not say: other fields of `data` are for programs. */
function details({ type, data, description }: Event, { style }: Wording): readonly string[] {
  const { concise, detailed } = eventTypeOf(type) ?? untyped;
  const names = style === "concise" ? concise : [...concise, ...detailed];
  const said = description.trim();
  const shown = shownFields(names, data, style).filter((field) => !("text" in field) || field.text !== said);
  return paragraphs(shown);
}

/** A type that nobody knows may mean anything. */
const untyped = { concise: [], detailed: everyField } as const;

/** Lines that follow each other are one paragraph. */
function paragraphs(shown: readonly Shown[]): readonly string[] {
  const found: string[] = [];
  let open = false;
  for (const field of shown) {
    if ("text" in field) found.push(field.text);
    else if (open) found.push(`${found.pop()}\n${field.line}`);
    else found.push(field.line);
    open = "line" in field;
  }
  return found;
}
