import type { FastifyInstance } from "fastify";
import { routes } from "../../../contract/routes.ts";
import {
  attachmentQuerySchema,
  sessionEditSchema,
  sessionLeaveSchema,
  sessionListenSchema,
  sessionNextSchema,
  sessionPermissionAnsweredSchema,
  sessionPermissionSchema,
  sessionQuerySchema,
  sessionReactSchema,
  sessionRegistrationSchema,
  sessionReplySchema,
  sessionSettleSchema,
} from "../../../contract/sessions.ts";
import { checked, checkedBody } from "../intake/checked-body.ts";
import type { Channel } from "./channel.ts";

/** The signed routes by which servers hold sessions, and sessions speak. */
export function sessionRoutes(app: FastifyInstance, channel: Channel): void {
  holding(app, channel);
  speaking(app, channel);
}

const config = { signed: true };

function holding(app: FastifyInstance, { sessions }: Channel): void {
  app.post(routes.sessions, { config }, ({ body }) => sessions.register(checkedBody(sessionRegistrationSchema, body)));
  app.get(routes.sessions, { config }, async ({ query }) => ({
    sessions: sessions.list(checked(sessionQuerySchema, query).client),
  }));
  app.post(routes.sessionListen, { config }, ({ body }) => sessions.listen(checkedBody(sessionListenSchema, body)));
  app.post(routes.sessionNext, { config }, ({ body }) => sessions.next(checkedBody(sessionNextSchema, body)));
  app.post(routes.sessionSettle, { config }, async ({ body }) => ({
    settled: await sessions.settle(checkedBody(sessionSettleSchema, body)),
  }));
  app.post(routes.sessionLeave, { config }, async ({ body }) => ({
    left: await sessions.leave(checkedBody(sessionLeaveSchema, body)),
  }));
}

function speaking(app: FastifyInstance, { speaking, permissions, downloads }: Channel): void {
  app.post(routes.sessionPermissions, { config }, ({ body }) =>
    permissions.ask(checkedBody(sessionPermissionSchema, body)),
  );
  app.post(routes.sessionPermissionsAnswered, { config }, async ({ body }) => ({
    closed: await permissions.answered(checkedBody(sessionPermissionAnsweredSchema, body)),
  }));
  app.post(routes.sessionReply, { config }, ({ body }) => speaking.reply(checkedBody(sessionReplySchema, body)));
  app.post(routes.sessionReact, { config }, async ({ body }) => {
    await speaking.react(checkedBody(sessionReactSchema, body));
    return { done: true };
  });
  app.post(routes.sessionEdit, { config }, async ({ body }) => ({
    message_id: await speaking.edit(checkedBody(sessionEditSchema, body)),
  }));
  app.get<{ Params: { id: string } }>(routes.attachment, { config }, async ({ params, query }, reply) => {
    const file = await downloads.get(params.id, checked(attachmentQuerySchema, query));
    reply.header("content-type", file.mime ?? "application/octet-stream");
    reply.header("content-disposition", `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`);
    return reply.send(file.bytes);
  });
}
