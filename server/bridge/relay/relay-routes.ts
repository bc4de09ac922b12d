import type { FastifyInstance } from "fastify";
import { followSchema, publishSchema, recallSchema, relayBodyLimit } from "../../../contract/relay.ts";
import { routes } from "../../../contract/routes.ts";
import { checkedBody } from "../intake/checked-body.ts";
import type { RelayHub } from "./relay.ts";

/** Answers a request to the relay. The signal ends a poll whose follower is gone. */
export const relayAnswers = {
  [routes.publish]: async (relay: RelayHub, body: unknown) => ({
    position: relay.publish(checkedBody(publishSchema, body)),
  }),
  [routes.follow]: (relay: RelayHub, body: unknown, signal: AbortSignal) =>
    relay.follow(checkedBody(followSchema, body), signal),
  [routes.recall]: async (relay: RelayHub, body: unknown) => relay.recall(checkedBody(recallSchema, body)),
} as const;

/** The signed routes by which server pods talk to each other. */
export function relayRoutes(app: FastifyInstance, relay: RelayHub): void {
  for (const [path, answer] of Object.entries(relayAnswers)) {
    const options = { config: { signed: true }, bodyLimit: relayBodyLimit };
    app.post(path, options, async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const page = await answer(relay, request.body, gone.signal);
      // The connection would be kept for a next poll, and the end would wait for it.
      if (relay.closed) reply.header("connection", "close");
      return page;
    });
  }
}
