import { randomBytes } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ApprovalChange, Approvals } from "../../../../server/bridge/approvals/approvals.ts";
import { buttonData } from "../../../../server/bridge/approvals/button-data.ts";
import { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { scratch } from "../support.ts";
import { requestFor } from "./support.ts";

const PEOPLE = [1, 2, 3];
const PLACES = PEOPLE.map((chatId) => ({ chatId }));
const MINUTE = 60_000;

/** What may be true of an approval, told by what was done to it and nothing else. */
type Model = {
  state: "pending" | "decided" | "expired" | "withdrawn";
  option: number | null;
  votes: Map<number, number>;
  readonly endsAt: number;
};

class Bridge {
  readonly clock = { now: 1_000_000 };
  readonly changes: ApprovalChange[] = [];
  readonly secret = randomBytes(32);
  readonly path: string;
  store!: Store;
  queue!: SqliteQueue;
  approvals!: Approvals;
  /** Messages that Telegram has, by chat. */
  readonly messages = new Map<number, number>();

  constructor(path: string) {
    this.path = path;
    this.open();
  }

  open(): void {
    const now = () => this.clock.now;
    this.store = new Store({ path: this.path, now });
    const limits = { total: { messages: 1_000, bytes: 2 ** 20 }, clientShare: 1 };
    this.queue = new SqliteQueue(this.store, { limits, recipients: PEOPLE, now });
    this.approvals = new Approvals({
      ...{
        store: this.store,
        queue: this.queue,
        people: () => new Set(PEOPLE),
        places: PLACES,
        routing: { byDefault: PLACES, routes: [] },
        now,
        timeZone: "UTC",
        newSecret: () => this.secret,
      },
      ...{
        onChange: (change) => this.changes.push(change),
        onLines: () => {},
        isHeard: () => true,
        onEnding: () => {},
        isWaitedFor: () => true,
      },
      warningsFor: () => [],
    });
  }

  async ask(required: number, onTimeout: "expire" | "deny"): Promise<void> {
    await this.approvals.ask(
      requestFor("a", { required_approvals: required, on_timeout: onTimeout, timeout_minutes: 10 }),
    );
    const { pending } = await this.queue.recover();
    for (const [index, { id, chatId }] of pending.entries()) {
      await this.queue.begin([id]);
      await this.queue.settle(id, { kind: "sent", at: this.clock.now, telegramMessageId: index + 1 });
      this.messages.set(chatId, index + 1);
    }
  }

  press(userId: number, option: number, data: string) {
    const message = { chatId: userId, messageId: this.messages.get(userId) ?? 99 };
    const from = { id: userId, is_bot: false, first_name: `Person ${userId}` };
    const click = { queryId: "q", from, data, message };
    return this.store.write(() =>
      this.approvals.click(
        { ...click, data: data || buttonData({ approval: 1, option }, this.secret) },
        this.clock.now,
      ),
    );
  }

  /** As after kill -9: what was not committed is gone. */
  async restart(): Promise<void> {
    this.approvals.stop();
    this.store.close();
    this.open();
    await this.approvals.start();
  }
}

type Step =
  | { readonly kind: "press"; readonly userId: number; readonly option: number }
  | { readonly kind: "forge"; readonly userId: number }
  | { readonly kind: "wait"; readonly minutes: number }
  | { readonly kind: "restart" }
  | { readonly kind: "withdraw" }
  | { readonly kind: "again" };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("press" as const),
        userId: fc.integer({ min: 1, max: 4 }),
        option: fc.nat({ max: 1 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("forge" as const), userId: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: "restart" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "withdraw" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "again" as const }) },
  ),
  { maxLength: 14 },
);

test("random clicks, waits, restarts, withdrawals: always the state that the model has, decided once, and nothing changes after", async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom("expire", "deny"),
      async (all, required, onTimeout) => {
        await using directory = await scratch();
        const bridge = new Bridge(join(directory.path, "queue.sqlite"));
        try {
          await bridge.ask(required, onTimeout);
          const model: Model = {
            state: "pending",
            option: null,
            votes: new Map(),
            endsAt: bridge.clock.now + 10 * MINUTE,
          };
          for (const step of all) {
            await perform(step, bridge);
            const { state, decision, votes } = bridge.approvals.approval("a", "ci");
            expected(step, model, { now: bridge.clock.now, required, onTimeout, hasEnded: state !== "pending" });
            const isOver = model.state !== "pending" || bridge.clock.now >= model.endsAt;
            // Nobody has looked yet whether the time is over.
            if (!(isOver && state === "pending")) expect(state).toBe(model.state);
            expect(new Map(votes.map((vote) => [vote.user_id, vote.option === "Approve" ? 0 : 1]))).toEqual(
              model.votes,
            );
            if (state === "decided") expect(decision?.option_index ?? null).toBe(model.option);
          }
          const endings = bridge.changes.filter(({ what }) => ["decided", "expired", "withdrawn"].includes(what));
          expect(endings.length).toBeLessThanOrEqual(1);
          if (model.state !== "pending") expect(bridge.queue.keyboardsOf({ id: "a", client: "ci" })).toEqual([]);
        } finally {
          bridge.approvals.stop();
          bridge.store.close();
        }
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

async function perform(step: Step, bridge: Bridge): Promise<void> {
  if (step.kind === "press") {
    const effect = await bridge.press(step.userId, step.option, "");
    if (effect?.record !== undefined) bridge.changes.push(effect.record);
  } else if (step.kind === "forge") await bridge.press(step.userId, 0, "ap.1.0.AAAAAAAAAAAAAAAAAAAAAA");
  else if (step.kind === "wait") bridge.clock.now += step.minutes * MINUTE;
  else if (step.kind === "restart") await bridge.restart();
  else if (step.kind === "withdraw") await bridge.approvals.withdraw("a", "ci");
  else
    expect(
      (await bridge.approvals.ask({ ...JSON.parse(requestOf(bridge)), approval_id: "a", client: "ci" })).duplicate,
    ).toBe(true);
}

/** The request as it was asked, from the file. */
function requestOf(bridge: Bridge): string {
  const row = bridge.store.db.prepare("SELECT request FROM approvals").get();
  return JSON.stringify(Object.fromEntries(JSON.parse(String(row?.request))));
}

type Facts = {
  readonly now: number;
  readonly required: number;
  readonly onTimeout: "expire" | "deny";
  /** Asked again, it looks at the time in a turn of its own: then, or during a later step. */
  readonly hasEnded: boolean;
};

function expected(step: Step, model: Model, { now, required, onTimeout, hasEnded }: Facts): void {
  if (model.state !== "pending") return;
  const looks = hasEnded || step.kind === "restart" || step.kind === "press" || step.kind === "withdraw";
  if (now >= model.endsAt) {
    if (!looks) return;
    model.state = onTimeout === "deny" ? "decided" : "expired";
    model.option = onTimeout === "deny" ? 1 : null;
    return;
  }
  if (step.kind === "withdraw") {
    model.state = "withdrawn";
    return;
  }
  if (step.kind !== "press" || !PEOPLE.includes(step.userId) || model.votes.has(step.userId)) return;
  model.votes.set(step.userId, step.option);
  const agreeing = [...model.votes.values()].filter((option) => option === 0).length;
  if (step.option === 1 || agreeing >= required) {
    model.state = "decided";
    model.option = step.option;
  }
}
