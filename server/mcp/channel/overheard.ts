import type { Exchange } from "../exchange.ts";
import type { NotificationMessage, RequestMessage, ResponseMessage } from "../message.ts";
import type { SessionNotices } from "../session-notices.ts";
import type { Channels } from "./channels.ts";
import { permissionRequestMethod } from "./permission-request.ts";

type Hearing = { readonly channels: Channels; readonly notices: SessionNotices };

/** What a request of a session that is a channel tells beside what it asks for: only a client that is ready asks for something. */
export function overhearRequest(
  { method, params }: RequestMessage,
  { session, caller }: Exchange,
  { channels }: Hearing,
): void {
  if (session?.channel === undefined) return;
  if (method !== "ping") channels.ready(session.key);
  if (method === "tools/call") channels.called(session, caller.client, params.name);
}

/** What a client says of its session that is a channel. Rejects with what the bridge refuses. */
export async function hearNotification(
  message: NotificationMessage | ResponseMessage,
  { session, caller, log }: Exchange,
  { channels, notices }: Hearing,
): Promise<void> {
  if (session?.channel === undefined || message.kind === "response") return;
  const { method, params } = message;
  if (method === permissionRequestMethod) await channels.askPermission(session, caller.client, params);
  if (method !== "notifications/initialized") return;
  // Its client waits for the answer before it does anything else.
  void notices
    .tell(session, { kind: "ready" })
    .catch((error: unknown) => log.warn({ err: error }, "other servers do not know that a session is ready"));
}
