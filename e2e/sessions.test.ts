import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Session } from "../contract/sessions.ts";
import { check, killsOf, nothingFound } from "../test/history/checker.ts";
import { ChannelSession } from "./channel.ts";
import { killBridgeOf, killPod, pressing, questionsOf, type Talk } from "./conversation.ts";
import {
  applyResource,
  controlTelegram,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  killProgram,
  podsOf,
  target,
  telegramLog,
  waitReady,
} from "./environment.ts";
import { callTool, connectionOf } from "./mcp.ts";
import { fastBridge, liftLimits } from "./traffic.ts";

const resource = "desk";
const anna = { id: 7_100_001, first_name: "Anna" };
const bob = { id: 7_100_002, first_name: "Bob" };
const cara = { id: 7_100_003, first_name: "Cara" };
const mallory = { id: 7_100_066, first_name: "Mallory" };
const group = -1_007_100_000_001;
const [allow, deny] = [0, 1];

describe("two sessions, one bot, three people and a group with topics, over pods", () => {
  let namespace: string;
  let talk: Talk;
  let url: string;
  /** Each with a key of its own. */
  let api: ChannelSession;
  let web: ChannelSession;

  beforeAll(async () => {
    namespace = await createNamespace("sessions");
    const bot = await createToken(namespace);
    talk = { bot };
    const topics = { id: group, type: "supergroup", bot: "administrator", topics: [] };
    await liftLimits(bot, { groups: [topics] });
    await applyResource(namespace, resource, {
      telegram: { updates: "Polling", allowedUsers: [anna.id, bob.id, cara.id, group] },
      server: {
        replicas: 2,
        rateLimit: { mode: "Disabled" },
        auth: { clients: ["test", "other"].map((name) => ({ name, permissions: ["*"] })) },
      },
      bridge: fastBridge,
    });
    await waitReady(namespace, resource);
    const { key: other } = await connectionOf(target, { namespace, resource, client: "other" });
    const { url: mcp, key } = await endpoint(namespace, resource);
    url = mcp;
    api = new ChannelSession(url, key, "api");
    web = new ChannelSession(url, other, "web");
    await Promise.all([api.begin(), web.begin()]);
    for (const session of [api, web])
      await vi.waitFor(async () => expect(await placesOf(session)).toHaveLength(1), soon);
    await bind(anna, "api");
    await bind(bob, "web");
  });
  afterEach(() => quiet());
  afterAll(async () => {
    await Promise.all([api, web].map((session) => session?.end()));
    await deleteNamespace(namespace);
  });

  const soon = { timeout: 60_000, interval: 250 };
  const says = (...says: readonly object[]) => controlTelegram(talk.bot, { says });
  const told = async (chat: number) =>
    (await telegramLog()).filter(({ bot, chat_id, status }) => bot === talk.bot && chat_id === chat && status === 200);

  async function bind(from: typeof anna, name: string): Promise<void> {
    await says({ from, text: `/bind ${name}` });
    const answers = async () => (await told(from.id)).map(({ text }) => text);
    const hears = expect.stringMatching(`^${name} hears`);
    await vi.waitFor(async () => expect(await answers()).toContainEqual(hears), soon);
  }

  async function known(session: ChannelSession): Promise<Session> {
    const { contents } = await session.client.readResource({ uri: "cctelegram://sessions" });
    const sessions = JSON.parse((contents[0] as { text: string }).text) as readonly Session[];
    expect(sessions).toHaveLength(1);
    return sessions[0]!;
  }
  const placesOf = async (session: ChannelSession) =>
    (await known(session)).bound.filter(({ chat_id, made }) => chat_id === group && made);

  /** Nothing waits for anybody. */
  const quiet = async () => {
    for (const session of [api, web])
      await vi.waitFor(async () => expect((await known(session)).waiting).toBe(0), soon);
  };

  /** A new process under the name of one that was killed. */
  async function beginAgain(session: ChannelSession, name: string): Promise<void> {
    await session.end();
    await session.begin();
    await callTool(session.client, "register_session", { name, take_over: true });
  }

  test("each hears its own in private chats, in its topic and by answers, and nothing else; what it answers comes there", async () => {
    const [ofApi, ofWeb] = [(await placesOf(api))[0]!, (await placesOf(web))[0]!];
    expect(ofApi.topic).not.toBe(ofWeb.topic);
    await says(
      { from: anna, text: "private to api" },
      { from: bob, text: "private to web" },
      { from: cara, text: "topic of web", chat_id: group, topic: ofWeb.topic },
      { from: cara, text: "topic of api", chat_id: group, topic: ofApi.topic },
      { from: cara, text: "to nobody", chat_id: group },
      { from: mallory, text: "from a stranger", chat_id: group, topic: ofApi.topic },
    );
    await expect
      .poll(() => [api.contents, web.contents], soon)
      .toEqual([
        ["private to api", "topic of api"],
        ["private to web", "topic of web"],
      ]);
    const [heard] = api.said;
    await callTool(api.client, "reply", { chat_id: heard?.meta.chat_id, text: "All tests pass." });
    const answer = async () => (await told(anna.id)).find(({ text }) => text === "All tests pass.");
    await expect.poll(answer, soon).toBeDefined();
    await expect(callTool(api.client, "reply", { chat_id: bob.id, text: "not mine" })).rejects.toThrow(
      "CHAT_NOT_BOUND",
    );
    // An answer goes to whom it answers, whatever the chat is bound to.
    await bind(anna, "web");
    await says({ from: anna, text: "well done", reply_to: (await answer())?.message_id });
    await expect.poll(() => api.contents.at(-1), soon).toBe("well done");
    await bind(anna, "api");
    expect(web.contents).toEqual(["private to web", "topic of web"]);
  });

  test("one that is away gets what it missed when it comes back, in order and with its age", async () => {
    const before = api.said.length;
    await api.end();
    const missed = ["first", "second", "third"];
    for (const text of missed) await says({ from: anna, text });
    await sleep(2_000);
    await beginAgain(api, "api");
    await expect.poll(() => api.contents.slice(before), soon).toEqual(missed);
    const { meta } = api.said[before]!;
    expect(Number(meta.age_seconds)).toBeGreaterThanOrEqual(1);
  });

  describe("a prompt in the terminal", () => {
    const prompt = (request_id: string, tool_name = "Bash") => ({
      ...{ request_id, tool_name, description: "Runs the tests", input_preview: "npm test" },
    });
    /** In Anna's chat and in the topic. */
    const questions = (tool: string, ended = false) => questionsOf(talk, `Allow ${tool} in api?`, 2, { ended });
    const verdictsOf = (id: string) => api.verdicts.filter(({ request_id }) => request_id === id);

    test("is decided on the phone, once: not by a stranger, not twice, not by a second person", async () => {
      await api.ask(prompt("abcde"));
      const [question, other] = await questions("Bash");
      await pressing(talk, mallory, question, allow, { isForged: true });
      await pressing(talk, anna, question, deny);
      await expect.poll(() => verdictsOf("abcde"), soon).toEqual([{ request_id: "abcde", behavior: "deny" }]);
      await pressing(talk, anna, question, allow, { isForged: true });
      await pressing(talk, cara, other, allow, { isForged: true });
      await questions("Bash", true);
      await says({ from: anna, text: "go on" });
      await expect.poll(() => api.contents.at(-1), soon).toBe("go on");
      expect(verdictsOf("abcde")).toHaveLength(1);
      expect(web.verdicts).toEqual([]);
    });

    test("is decided after the bridge was killed and the servers' pods, too", async () => {
      await api.ask(prompt("fghij", "Edit"));
      const [question] = await questions("Edit");
      await killBridgeOf(namespace, resource);
      for (const pod of await podsOf(namespace, resource, "mcp-server")) killProgram(pod);
      await pressing(talk, anna, question, allow);
      await expect.poll(() => verdictsOf("fghij"), soon).toEqual([{ request_id: "fghij", behavior: "allow" }]);
      await waitReady(namespace, resource);
    });

    test("that is answered on the phone and in the terminal at once has one end", async () => {
      const own = "mcp__cctelegram__list_event_types";
      await api.ask(prompt("kmnop", own));
      const [question] = await questions(own);
      // The button may be gone before the press arrives.
      const press = pressing(talk, anna, question, deny, { isForged: true });
      await Promise.all([press, callTool(api.client, "list_event_types", {})]);
      const ended = await questions(own, true);
      const texts = new Set(ended.map(({ text }) => text));
      expect(texts.size).toBe(1);
      await says({ from: anna, text: "and now?" });
      await expect.poll(() => api.contents.at(-1), soon).toBe("and now?");
      const isDenied = /denied/i.test([...texts][0] ?? "");
      expect(verdictsOf("kmnop")).toHaveLength(isDenied ? 1 : 0);
    });
  });

  test("nothing is lost, doubled or comes to the wrong one, whatever is killed: servers, the bridge, the sessions", async () => {
    const kills = killsOf(6);
    const sides = [
      { session: api, name: "api", person: anna, sent: [] as string[], from: api.said.length },
      { session: web, name: "web", person: bob, sent: [] as string[], from: web.said.length },
    ];
    let goesOn = true;
    const talking = (async () => {
      for (; goesOn; await sleep(100)) {
        for (const { name, person, sent } of sides) {
          const text = `${name} ${sent.length}`;
          sent.push(text);
          await says({ from: person, text });
        }
      }
    })();
    const killing = [
      async () => {
        const [pod] = await podsOf(namespace, resource, "mcp-server");
        await killPod(namespace, pod!);
      },
      () => killBridgeOf(namespace, resource),
      (round: number) => {
        const { session, name } = sides[round % 2]!;
        return beginAgain(session, name);
      },
    ];
    for (let round = 0; round < kills; round += 1) {
      await killing[round % killing.length]!(round);
      await waitReady(namespace, resource);
      await sleep(500);
    }
    goesOn = false;
    await talking;
    const all = ({ session, sent, from }: (typeof sides)[number]) =>
      sent.length - new Set(session.contents.slice(from)).size;
    await expect.poll(() => sides.map(all), { ...soon, timeout: 120_000 }).toEqual([0, 0]);
    await quiet();
    for (const { session, name, sent, from } of sides) {
      const heard = session.said.slice(from);
      const again = heard.filter(({ meta }) => meta.again === "true");
      const history = {
        sent: sent.map((id) => ({ id, sender: name, acknowledged: true })),
        arrivals: heard.map(({ content }) => ({ id: content, recipient: name })),
        recipients: [name],
        uncertain: again.length,
      };
      expect(check(history)).toEqual(nothingFound);
      // What comes a second time says so.
      const first = new Set<string>();
      const unmarked = heard.filter(({ content, meta }) => {
        const isSecond = first.has(content);
        first.add(content);
        return isSecond && meta.again !== "true";
      });
      expect(unmarked).toEqual([]);
    }
  }, 3_600_000);
});
