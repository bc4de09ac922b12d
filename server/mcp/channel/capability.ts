import { ServerError } from "../../../contract/errors.ts";
import { sessionNameSchema } from "../../../contract/sessions.ts";
import { type Client, permits } from "../../access/client.ts";
import type { ServerCapabilities } from "../method.ts";

/** What a session that is a channel is told that the server can (Claude Code, Channels). */
export const channelCapabilities: ServerCapabilities = Object.freeze({
  experimental: { "claude/channel": {}, "claude/channel/permission": {} },
});

/** The tool whose permission a key needs for it. */
export const channelPermission = "register_session";

/** Where a client names its session when it begins: a header, or a parameter of the URL. */
export const sessionNameHeader = "x-cctelegram-session";
export const sessionNameParameter = "session";

/**
 * The name under which a client wants its session to be a channel; undefined when it does not want that, or its key may not.
 * Throws INVALID_PARAMS for what is no name.
 */
export function channelNameOf(asked: string | undefined, client: Pick<Client, "permissions">): string | undefined {
  if (asked === undefined || asked === "") return undefined;
  const name = sessionNameSchema.safeParse(asked);
  if (!name.success) throw new ServerError("INVALID_PARAMS", { problems: `session: ${name.error.issues[0]?.message}` });
  return permits(client, channelPermission) ? name.data : undefined;
}
