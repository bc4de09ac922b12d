import type { ChannelEvent } from "../../../contract/sessions.ts";

/** What a session is told, as a notification of Claude Code's channels. */
export function messageOf(event: ChannelEvent): object {
  return event.kind === "message"
    ? channelMessage(event.content, event.meta)
    : { jsonrpc: "2.0", method: "notifications/claude/channel/permission", params: event.verdict };
}

/** What the server itself says to a session whose name another one has. */
export function nameTakenMessage(name: string): object {
  return channelMessage(
    `Another session of this key is named "${name}" and is there: what people say goes to that one, until it leaves. Call register_session with another name, or with take_over.`,
    { kind: "notice", session: name },
  );
}

function channelMessage(content: string, meta: Readonly<Record<string, string>>): object {
  return { jsonrpc: "2.0", method: "notifications/claude/channel", params: { content, meta } };
}
