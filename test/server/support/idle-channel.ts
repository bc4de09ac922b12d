import { ServerError } from "../../../contract/errors.ts";
import { routes } from "../../../contract/routes.ts";
import type { Session } from "../../../contract/sessions.ts";
import type { LocalChannel } from "../../../server/bridge-client/sessions.ts";

const session: Session = {
  id: 1,
  client: "admin",
  name: "api",
  state: "here",
  registered_at: "2026-01-01T00:00:00.000Z",
  heard_at: "2026-01-01T00:00:00.000Z",
  waiting: 0,
  bound: [],
};
const listening = { id: 1, generation: 1, lease_seconds: 90, waiting: 0 };
const asked = { approval_id: "a", expires_at: "2026-01-01T00:10:00.000Z", messages: 1, duplicate: false };
const replied = { event_id: "id-1", messages: 1, message_ids: [7], duplicate: false };

/** Sessions that nobody says anything to. */
export const idleChannel: LocalChannel = {
  sessions: {
    register: async () => ({ session, is_new: true }),
    list: () => [session],
    listen: async () => listening,
    next: async () => ({ events: [], more: false }),
    settle: async () => 0,
    leave: async () => true,
  },
  permissions: { ask: async () => asked, answered: async () => 0 },
  speaking: { reply: async () => replied, react: async () => {}, edit: async () => 7 },
  downloads: {
    get: () => Promise.reject(new ServerError("ATTACHMENT_NOT_FOUND")),
  },
};

/** The same as a bridge's routes answer it. */
export const sessionAnswers = {
  // What GET and POST are answered with.
  [routes.sessions]: () => ({ session, is_new: true, sessions: [session] }),
  [routes.sessionListen]: () => listening,
  [routes.sessionNext]: () => ({ events: [], more: false }),
  [routes.sessionSettle]: () => ({ settled: 0 }),
  [routes.sessionLeave]: () => ({ left: true }),
  [routes.sessionReply]: () => replied,
  [routes.sessionReact]: () => ({ done: true }),
  [routes.sessionEdit]: () => ({ message_id: 7 }),
  [routes.pair]: () => ({ user_id: 1, username: null, first_name: "Ada" }),
};
