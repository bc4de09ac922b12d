import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Approval } from "../contract/approvals.ts";
import { killBridgeOf, pressing, questionsOf, type Talk } from "./conversation.ts";
import {
  applyResource,
  controlTelegram,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  isBack,
  killProgram,
  kubectl,
  podsOf,
  target,
  waitReady,
} from "./environment.ts";
import { callTool, connectClient, connectionOf } from "./mcp.ts";
import { fastBridge, liftLimits } from "./traffic.ts";

const resource = "talk";
const anna = { id: 7_000_001, first_name: "Anna" };
const bob = { id: 7_000_002, first_name: "Bob" };
const cara = { id: 7_000_003, first_name: "Cara" };
const approve = 0;
const deny = 1;

type Answer = { readonly approval_id: string; readonly message: string; readonly approval: Approval };

describe("a conversation over pods", () => {
  let namespace: string;
  let talk: Talk;
  let url: string;
  let base: string;
  let key: string;
  let client: Client;

  beforeAll(async () => {
    namespace = await createNamespace("conversation");
    const bot = await createToken(namespace);
    await liftLimits(bot);
    await applyResource(namespace, resource, {
      telegram: { updates: "Polling", allowedUsers: [anna.id, bob.id, cara.id] },
      server: {
        replicas: 2,
        auth: {
          clients: [
            { name: "test", permissions: ["*"] },
            { name: "other", permissions: ["send_approval_request"] },
          ],
        },
      },
      bridge: fastBridge,
    });
    await waitReady(namespace, resource);
    ({ url, base, key } = await endpoint(namespace, resource));
    talk = { bot };
    client = await connectClient(url, key);
  });
  afterAll(async () => {
    await client?.close();
    await deleteNamespace(namespace);
  });

  const asks = (id: string, more: object = {}, asker = client) =>
    callTool(asker, "send_approval_request", {
      title: `Question ${id}`,
      description: `About ${id}`,
      task_id: id,
      ...more,
    });
  /** As a client does: it calls again with the same id while nobody has decided, or when the server went away. */
  const waits = async (id: string, more: object = {}, asker = client): Promise<Answer> => {
    for (const started = Date.now(); Date.now() < started + 150_000; ) {
      const answer = await asks(id, { wait_seconds: 50, ...more }, asker).catch(() => undefined);
      if (answer !== undefined && (answer as Answer).approval.state !== "pending") return answer as Answer;
      await sleep(250);
    }
    throw new Error(`nobody has decided ${id}`);
  };
  const approval = async (id: string, wait = 0): Promise<Approval> => {
    const answer = await fetch(`${base}/approvals/${id}?wait=${wait}`, { headers: { "x-api-key": key } });
    return (await answer.json()) as Approval;
  };
  const killBridge = (whileAway?: () => Promise<void>) => killBridgeOf(namespace, resource, whileAway);
  const decided = (action: string) => ({ state: "decided", decision: { action } });
  const becomes = (id: string, state: object) =>
    expect.poll(() => approval(id), { timeout: 60_000, interval: 250 }).toMatchObject(state);

  test("a client asks, somebody presses, the open call has the answer, and the message the outcome", async () => {
    const answer = waits("plain");
    const [question] = await questionsOf(talk, "Question plain", 3);
    await pressing(talk, anna, question, approve);
    expect(await answer).toMatchObject({ approval: decided("approve"), message: expect.stringContaining("by Anna.") });
    const ended = await questionsOf(talk, "Question plain", 3, { ended: true });
    expect(ended.map(({ text }) => text)).toEqual(Array(3).fill(expect.stringMatching(/✅ Approve — Anna/)));
  });

  test("a click is told to the open call at once", async () => {
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const answer = waits(`quick-${round}.`);
      const [question] = await questionsOf(talk, `Question quick-${round}.`, 3);
      const pressed = performance.now();
      await pressing(talk, anna, question, approve);
      expect(await answer).toMatchObject({ approval: decided("approve") });
      times.push(performance.now() - pressed);
    }
    const sorted = times.toSorted((a, b) => a - b).map((time) => Math.round(time));
    console.log(
      `from a click to the answered call, over pods: median ${sorted[10]} ms, the slowest of 20 ${sorted[19]} ms`,
    );
  });

  test("the bridge is killed before the message is out, before the press, with the press, and after it", async () => {
    const answer = waits("killed");
    await controlTelegram(talk.bot, { outage: true });
    await killBridge(() => controlTelegram(talk.bot, { outage: false }));
    const [question] = await questionsOf(talk, "Question killed", 3);
    await killBridge();
    await pressing(talk, anna, question, deny);
    await killBridge();
    await becomes("killed", decided("deny"));
    await killBridge();
    expect(await answer).toMatchObject({ approval: decided("deny") });
    const ended = await questionsOf(talk, "Question killed", 3, { ended: true });
    expect(ended.map(({ text }) => text)).toEqual(Array(3).fill(expect.stringMatching(/❌ Deny — Anna/)));
  });

  test("the servers are replaced between question and answer: another pod tells it, and sends nothing again", async () => {
    await asks("replaced");
    const [question] = await questionsOf(talk, "Question replaced", 3);
    await kubectl(["-n", namespace, "rollout", "restart", `deployment/${resource}-mcp-server`]);
    await pressing(talk, bob, question, approve);
    await kubectl(["-n", namespace, "rollout", "status", `deployment/${resource}-mcp-server`, "--timeout=3m"]);
    const late = await connectClient(url, key);
    expect(await waits("replaced", {}, late)).toMatchObject({ approval: decided("approve") });
    await late.close();
    expect(await questionsOf(talk, "Question replaced", 3)).toHaveLength(3);
  });

  test("a server pod is killed with -9 while a client waits: it asks again, and has the decision", async () => {
    const waiting = waits("again");
    const [question] = await questionsOf(talk, "Question again", 3);
    for (const pod of await podsOf(namespace, resource, "mcp-server")) killProgram(pod);
    await pressing(talk, cara, question, approve);
    await becomes("again", decided("approve"));
    expect(await waiting).toMatchObject({ approval: decided("approve") });
    // Until then calls may still be led to a server that is not there.
    const areBack = async () => (await podsOf(namespace, resource, "mcp-server")).every(isBack);
    await expect.poll(areBack, { timeout: 60_000, interval: 250 }).toBe(true);
  });

  test("two clients: each has its own answer, and neither sees the other's", async () => {
    const { key: otherKey } = await connectionOf(target, { namespace, resource, client: "other" });
    const mine = await connectClient(url, key);
    const other = await connectClient(url, otherKey);
    const answers = [waits("mine", {}, mine), waits("theirs", {}, other)] as const;
    const [first] = await questionsOf(talk, "Question mine", 3);
    const [second] = await questionsOf(talk, "Question theirs", 3);
    await pressing(talk, anna, second, deny);
    await pressing(talk, anna, first, approve);
    expect(await Promise.all(answers)).toMatchObject([{ approval: decided("approve") }, { approval: decided("deny") }]);
    const headers = { "x-api-key": otherKey };
    expect((await fetch(`${base}/approvals/mine`, { headers })).status).toBe(404);
    await Promise.all([mine.close(), other.close()]);
  });

  test("three people have to agree, over a killed bridge", async () => {
    const asker = await connectClient(url, key);
    const answer = waits("three", { required_approvals: 3 }, asker);
    const questions = await questionsOf(talk, "Question three", 3);
    for (const [index, person] of [anna, bob, cara].entries()) {
      await expect.poll(async () => (await approval("three")).votes.length, { timeout: 60_000 }).toBe(index);
      await pressing(
        talk,
        person,
        questions.find(({ chat_id }) => chat_id === person.id),
        approve,
      );
      await killBridge();
    }
    const votes = [anna, bob, cara].map(({ id }) => ({ user_id: id, option: "Approve" }));
    expect(await answer).toMatchObject({ approval: { ...decided("approve"), votes } });
    await asker.close();
  });

  test("a press after the end changes nothing; one whose acknowledgement fails counts all the same", async () => {
    await asks("late", { timeout_minutes: 0.05, on_timeout: "deny" });
    const [late] = await questionsOf(talk, "Question late", 3);
    await becomes("late", { ...decided("deny"), votes: [] });
    await pressing(talk, anna, late, approve, { isForged: true });
    await controlTelegram(talk.bot, {
      faults: [{ kind: "status", method: "answerCallbackQuery", status: 500, times: 2 }],
    });
    const answer = await asks("acknowledged");
    expect(answer).toMatchObject({ approval: { state: "pending" } });
    const [question] = await questionsOf(talk, "Question acknowledged", 3);
    await pressing(talk, bob, question, approve);
    await becomes("acknowledged", decided("approve"));
    expect(await approval("late")).toMatchObject({ ...decided("deny"), votes: [] });
    await controlTelegram(talk.bot, { reset: true });
  });
});
