import { fastify } from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { holdAnswers } from "../../../server/http/held-answers.ts";
import { TurnEnd } from "../../../server/listening/turn-end.ts";

test("an answer that cannot be sent ends its connection and nothing else", async () => {
  const lines: string[] = [];
  const app = fastify({ logger: { stream: { write: (line: string) => void lines.push(line) } } });
  onTestFinished(() => app.close());
  holdAnswers(app, new TurnEnd());
  app.get("/broken", async (_request, reply) => reply.header("x-broken", "line\nbreak").send("never"));
  app.get("/sound", async () => "sound");
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  await expect(fetch(`${url}/broken`)).rejects.toThrow("fetch failed");
  expect(await (await fetch(`${url}/sound`)).text()).toBe("sound");
  expect(lines.filter((line) => line.includes("an answer cannot be sent"))).toHaveLength(1);
});
