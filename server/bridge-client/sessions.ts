import * as z from "zod";
import { routes } from "../../contract/routes.ts";
import {
  attachmentPath,
  type Paired,
  type Pairing,
  pairedSchema,
  type Session,
  type SessionEdit,
  type SessionHanded,
  type SessionLeave,
  type SessionListen,
  type SessionListening,
  type SessionNext,
  type SessionPermission,
  type SessionPermissionAnswered,
  type SessionPermissionAsked,
  type SessionReact,
  type SessionRegistered,
  type SessionRegistration,
  type SessionReplied,
  type SessionReply,
  type SessionSettle,
  sessionEditedSchema,
  sessionHandedSchema,
  sessionLeftSchema,
  sessionListeningSchema,
  sessionPermissionAskedSchema,
  sessionPermissionClosedSchema,
  sessionReactedSchema,
  sessionRegisteredSchema,
  sessionRepliedSchema,
  sessionSettledSchema,
  sessionsPath,
  sessionsSchema,
} from "../../contract/sessions.ts";
import type { BridgeCall } from "./bridge-calls.ts";

/** A file that somebody sent to a session. */
export type Attachment = { readonly bytes: Uint8Array; readonly type: string; readonly name: string | null };

type SessionKey = { readonly client: string; readonly name: string };

/** Sessions that people talk to. Its methods throw only errors of the catalogue. */
export type SessionCalls = {
  /** Throws SESSION_NAME_TAKEN. */
  register(registration: SessionRegistration): Promise<SessionRegistered>;
  /** Of one client, in the order of names. */
  list(client: string): Promise<readonly Session[]>;
  /** Throws SESSION_NAME_TAKEN, also when somebody else has begun to listen since, and UNKNOWN_SESSION. */
  listen(request: SessionListen): Promise<SessionListening>;
  /** What waits, in order. Throws as `listen` does. */
  next(request: SessionNext): Promise<SessionHanded>;
  /** Resolves with how many were open until now. */
  settle(request: SessionSettle): Promise<number>;
  /** False: another holder is there, and stays. */
  leave(request: SessionLeave): Promise<boolean>;
  /** Asks people whether a tool may be used. Asking the same again is harmless. */
  askPermission(request: SessionPermission): Promise<SessionPermissionAsked>;
  /** Resolves with how many prompts waited until now. */
  permissionsAnswered(request: SessionPermissionAnswered): Promise<number>;
  /** Throws CHAT_NOT_BOUND. Doing it again under the same id is harmless. */
  reply(request: SessionReply): Promise<SessionReplied>;
  react(request: SessionReact): Promise<void>;
  /** Resolves with Telegram's id of the message. */
  edit(request: SessionEdit): Promise<number>;
  /** Throws ATTACHMENT_NOT_FOUND and ATTACHMENT_TOO_LARGE. */
  attachment(id: number, session: SessionKey): Promise<Attachment>;
  /** Lets somebody new talk to the bot. Throws PAIRING_CODE_UNKNOWN. */
  pair(pairing: Pairing): Promise<Paired>;
};

const attachmentSchema: z.ZodType<Attachment> = z.object({
  bytes: z.instanceof(Uint8Array),
  type: z.string(),
  name: z.string().nullable(),
});

/** The routes of a bridge elsewhere. */
export function httpSessions(call: <T>(request: BridgeCall<T>) => Promise<T>): SessionCalls {
  const post = <T>(path: string, body: object, schema: z.ZodType<T>) =>
    call({ method: "POST", path, body: JSON.stringify(body), schema });
  const get = <T>(path: string, schema: z.ZodType<T>) => call({ method: "GET", path, body: "", schema });
  return {
    register: (registration) => post(routes.sessions, registration, sessionRegisteredSchema),
    list: async (client) => (await get(sessionsPath(client), sessionsSchema)).sessions,
    listen: (request) => post(routes.sessionListen, request, sessionListeningSchema),
    next: (request) => post(routes.sessionNext, request, sessionHandedSchema),
    settle: async (request) => (await post(routes.sessionSettle, request, sessionSettledSchema)).settled,
    leave: async (request) => (await post(routes.sessionLeave, request, sessionLeftSchema)).left,
    askPermission: (request) => post(routes.sessionPermissions, request, sessionPermissionAskedSchema),
    permissionsAnswered: async (request) =>
      (await post(routes.sessionPermissionsAnswered, request, sessionPermissionClosedSchema)).closed,
    reply: (request) => post(routes.sessionReply, request, sessionRepliedSchema),
    react: async (request) => void (await post(routes.sessionReact, request, sessionReactedSchema)),
    edit: async (request) => (await post(routes.sessionEdit, request, sessionEditedSchema)).message_id,
    attachment: (id, session) =>
      call({ method: "GET", path: attachmentPath(id, session), body: "", isFile: true, schema: attachmentSchema }),
    pair: (pairing) => post(routes.pair, pairing, pairedSchema),
  };
}

/** The parts of a bridge in the same process that know sessions. */
export type LocalChannel = {
  readonly sessions: {
    register(registration: SessionRegistration): Promise<SessionRegistered>;
    list(client: string): readonly Session[];
    listen(request: SessionListen): Promise<SessionListening>;
    next(request: SessionNext): Promise<SessionHanded>;
    settle(request: SessionSettle): Promise<number>;
    leave(request: SessionLeave): Promise<boolean>;
  };
  readonly permissions: {
    ask(request: SessionPermission): Promise<SessionPermissionAsked>;
    answered(request: SessionPermissionAnswered): Promise<number>;
  };
  readonly speaking: {
    reply(request: SessionReply): Promise<SessionReplied>;
    react(request: SessionReact): Promise<void>;
    edit(request: SessionEdit): Promise<number>;
  };
  readonly downloads: {
    get(
      id: string,
      session: SessionKey,
    ): Promise<{ readonly bytes: Uint8Array; readonly name: string; readonly mime: string | undefined }>;
  };
};

/** The part that lets in somebody new. */
export type LocalPairings = { pair(pairing: Pairing): Promise<Paired> };

/** A bridge in the same process, which another one may take the place of. */
export function localSessions(
  refusing: <T>(ask: () => T | Promise<T>) => Promise<T>,
  channel: () => LocalChannel,
  pairings: () => LocalPairings,
): SessionCalls {
  return {
    register: (registration) => refusing(() => channel().sessions.register(registration)),
    list: (client) => refusing(() => channel().sessions.list(client)),
    listen: (request) => refusing(() => channel().sessions.listen(request)),
    next: (request) => refusing(() => channel().sessions.next(request)),
    settle: (request) => refusing(() => channel().sessions.settle(request)),
    leave: (request) => refusing(() => channel().sessions.leave(request)),
    askPermission: (request) => refusing(() => channel().permissions.ask(request)),
    permissionsAnswered: (request) => refusing(() => channel().permissions.answered(request)),
    reply: (request) => refusing(() => channel().speaking.reply(request)),
    react: (request) => refusing(() => channel().speaking.react(request)),
    edit: (request) => refusing(() => channel().speaking.edit(request)),
    attachment: async (id, session) => {
      const { bytes, name, mime } = await refusing(() => channel().downloads.get(String(id), session));
      return { bytes, name, type: mime ?? "application/octet-stream" };
    },
    pair: (request) => refusing(() => pairings().pair(request)),
  };
}
