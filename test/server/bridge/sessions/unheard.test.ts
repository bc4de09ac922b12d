import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sessionLimits } from "../../../../contract/sessions.ts";
import { Approvals } from "../../../../server/bridge/approvals/approvals.ts";
import { buttonData } from "../../../../server/bridge/approvals/button-data.ts";
import { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { Permissions } from "../../../../server/bridge/sessions/permissions.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { type Scratch, scratch } from "../support.ts";
import { sessionsOn, textOf } from "./support.ts";

const LEASE_MS = sessionLimits.leaseSeconds * 1_000;
const secret = Buffer.alloc(32, 7);
const PLACES = [{ chatId: 1 }];
const api = { client: "ci", name: "api" };
const one = { ...api, holder: "one" };
const MESSAGE = 70;
const ALLOW = 0;

let directory: Scratch;
let at: number;
let open: ReturnType<typeof opened>;

/** Sessions, their prompts and the approvals that these are, on one file. */
function opened() {
  const now = () => at;
  const store = new Store({ path: join(directory.path, "queue.sqlite"), now });
  const limits = { total: { messages: 1_000, bytes: 2 ** 20 }, clientShare: 1 };
  const queue = new SqliteQueue(store, { limits, recipients: [1], now });
  const channel = sessionsOn(store, queue, now);
  const permissions: Permissions = new Permissions({ store, ...channel, now, approvals: () => approvals });
  const approvals = new Approvals({
    ...{ store, queue, now, timeZone: "UTC", places: PLACES, routing: { byDefault: PLACES, routes: [] } },
    ...{ people: () => new Set([1]), newSecret: () => secret, warningsFor: () => [], isHeard: () => true },
    ...{ onChange: () => {}, onLines: () => {} },
    onEnding: (approval, when) => permissions.ended(approval, when),
    isWaitedFor: (permission) => permissions.isWaitedFor(permission),
  });
  return { store, queue, approvals, permissions, ...channel };
}

beforeEach(async () => {
  directory = await scratch();
  at = 1_000_000;
  open = opened();
});

afterEach(async () => {
  open.approvals.stop();
  open.store.close();
  await directory[Symbol.asyncDispose]();
});

/** Another process opens the file. */
function reopen(): void {
  open.approvals.stop();
  open.store.close();
  open = opened();
}

/** A session asks, and its question is on the phone. */
async function asked(): Promise<void> {
  await open.sessions.register({ ...one, take_over: false });
  await open.permissions.ask({ ...one, request_id: "abcde", tool_name: "Bash" });
  const [question] = (await open.queue.recover()).pending;
  await open.queue.begin([question?.id ?? 0]);
  await open.queue.settle(question?.id ?? 0, { kind: "sent", at, telegramMessageId: MESSAGE });
}

/** Presses Allow, and tells what the message says then. */
async function allowed(): Promise<string | undefined> {
  const from = { id: 1, is_bot: false, first_name: "Anna" };
  const data = buttonData({ approval: 1, option: ALLOW }, secret);
  const click = { queryId: "q", from, data, message: { chatId: 1, messageId: MESSAGE } };
  await open.store.write(() => open.approvals.click(click, at));
  const { pending } = await open.queue.recover();
  const lines = await open.queue.begin(pending.map(({ id }) => id));
  return lines.find(({ edits }) => edits === MESSAGE)?.text;
}

/** What reaches whoever holds the session then. */
async function verdicts(holder: string): Promise<readonly string[]> {
  const { generation } = await open.sessions.listen({ ...api, holder });
  return (await open.sessions.next({ ...api, holder, generation })).events.map(textOf);
}

const unheard = "✅ Allow — Anna, 1 Jan 1970, 00:18 UTC. Decided, but nobody waits any more";

describe("a prompt that is decided when its session", () => {
  test("waits for it between two connections: the verdict is its own", async () => {
    await asked();
    const { generation } = await open.sessions.listen(one);
    await open.sessions.listen({ ...one, generation, lease_seconds: sessionLimits.returnSeconds });
    at += LEASE_MS - 1;
    const text = await allowed();
    expect(text).toContain("✅ Allow — Anna");
    expect(text).not.toContain("nobody waits");
    expect(await verdicts("one")).toEqual(["allow abcde"]);
  });

  test.each(["one", "two"])("was killed says so, and no verdict reaches %s, who comes then", async (holder) => {
    await asked();
    at += LEASE_MS;
    expect(await allowed()).toContain(unheard);
    expect(await verdicts(holder)).toEqual([]);
  });

  test("was there before the bridge itself was away: it has its time to come back", async () => {
    await asked();
    at += LEASE_MS;
    reopen();
    expect(await allowed()).not.toContain("nobody waits");
    expect(await verdicts("one")).toEqual(["allow abcde"]);
  });

  test("has decided in the terminal is over: a press changes nothing, and reaches nobody", async () => {
    await asked();
    await open.permissions.answered({ ...one, request_ids: ["abcde"] });
    expect(await allowed()).toContain("↩️ Answered in the terminal");
    expect(await verdicts("one")).toEqual([]);
    await open.sessions.leave(one);
    expect(await verdicts("two")).toEqual([]);
  });
});
