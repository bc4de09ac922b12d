import type { FastifyInstance } from "fastify";
import type { TurnEnd } from "../listening/turn-end.ts";

/** Answers go out at the end of the turn of the event loop in which they are ready. */
export function holdAnswers(app: FastifyInstance, turnEnd: TurnEnd): void {
  app.addHook("onSend", (request, reply, payload, done) =>
    turnEnd.leave(() => {
      try {
        done(null, payload);
      } catch (error) {
        // Nobody above is left to answer this; an uncaught error would end the process.
        request.log.error({ err: error }, "an answer cannot be sent");
        reply.raw.destroy();
      }
    }),
  );
}
