import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Fault } from "../../../telegram/faults.ts";
import { eventOf } from "../support.ts";
import { holdTime, VirtualBridge } from "../virtual/virtual-bridge.ts";

beforeAll(holdTime);
afterAll(() => void vi.useRealTimers());

type Sent = { readonly id: string; readonly kind: "progress" | "end" | "other"; readonly task: string };

/** A whole bridge with two people, and what was accepted for them. */
class Delivering {
  readonly virtual: VirtualBridge;
  readonly sent: Sent[] = [];
  /** Messages whose end is open for anybody who was not told: of a killed process, or with a lost answer. */
  isUncertain = false;
  #count = 0;

  constructor(virtual: VirtualBridge) {
    this.virtual = virtual;
  }

  async accept(kind: Sent["kind"], task: string, ttl?: number): Promise<void> {
    this.#count += 1;
    const id = `e${this.#count}`;
    const type = { progress: "task_progress", end: "task_completion", other: "info_notification" }[kind];
    const of = { client: "ci", title: `<${id}>`, task_id: kind === "other" ? id : task };
    const life = ttl === undefined ? {} : { ttl_seconds: ttl };
    let isAccepted = false;
    const { ends } = this.virtual;
    const accepting = this.virtual.bridge.accept(eventOf(id, { type, ...of, ...life })).then(() => {
      isAccepted = true;
    });
    accepting.catch(() => {});
    for (let turn = 0; turn < 20 && !isAccepted; turn += 1) await new Promise(setImmediate);
    if (isAccepted && ends === this.virtual.ends) this.sent.push({ id, kind, task });
  }

  fault(fault: Fault): void {
    if (fault.kind === "reset" || fault.kind === "hang") this.isUncertain = true;
    this.virtual.telegram.control({ faults: [fault] });
  }

  async fate(fate: "retry" | "drop"): Promise<void> {
    const { monitoring } = this.virtual.bridge;
    const letter = monitoring.deadLetters({ limit: 1 }).dead_letters[0];
    if (letter !== undefined)
      await monitoring.settleDeadLetter(fate, letter.id, { client: "ci", whose: "own" } as never);
  }

  /** What people have got of an event. */
  got(id: string) {
    return this.virtual.telegram.answered.filter(
      ({ method, parameters, result }) =>
        /^(sendMessage|editMessageText)$/.test(method) &&
        result !== undefined &&
        String(parameters.text).includes(`<${id}>`),
    );
  }
}

type Change = { readonly what: string; readonly to: (all: Delivering) => unknown };

function named<T>(
  what: string,
  values: fc.Arbitrary<T>,
  to: (all: Delivering, value: T) => unknown,
): fc.Arbitrary<Change> {
  return values.map((value) => ({ what: `${what} ${JSON.stringify(value)}`, to: (all) => to(all, value) }));
}

const task = fc.constantFrom("build", "deploy");
const ttl = fc.option(fc.constantFrom(2, 60), { nil: undefined, freq: 3 });
const method = fc.constantFrom("sendMessage", "editMessageText");
const refusals = ["Bad Request: chat not found", "Forbidden: bot was blocked by the user", "Internal Server Error"];

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: named("progress", fc.record({ task, ttl }), (all, one) => all.accept("progress", one.task, one.ttl)),
  },
  { weight: 2, arbitrary: named("end", task, (all, one) => all.accept("end", one)) },
  { weight: 2, arbitrary: named("other", ttl, (all, one) => all.accept("other", "", one)) },
  {
    weight: 4,
    arbitrary: named("pass", fc.constantFrom(0, 500, 3_000, 10_000, 70_000), (all, ms) => all.virtual.pass(ms)),
  },
  {
    weight: 3,
    arbitrary: named(
      "refused",
      fc.record({ method, reason: fc.constantFrom(...refusals) }),
      (all, { method, reason }) =>
        all.fault({
          kind: "status",
          method,
          times: 1,
          status: reason.startsWith("F") ? 403 : reason.startsWith("B") ? 400 : 500,
          description: reason,
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: named("429", method, (all, method) => all.fault({ kind: "rate_limit", method, seconds: 5, times: 1 })),
  },
  {
    weight: 2,
    arbitrary: named(
      "lost",
      fc.record({ method, when: fc.constantFrom("before" as const, "after" as const) }),
      (all, { method, when }) => all.fault({ kind: "reset", method, when, times: 1 }),
    ),
  },
  { weight: 1, arbitrary: named("outage", fc.boolean(), (all, outage) => all.virtual.telegram.control({ outage })) },
  { weight: 1, arbitrary: named("restart", fc.constantFrom(0, 100_000), (all, ms) => all.virtual.restart(ms)) },
  {
    weight: 2,
    arbitrary: named("crash", fc.constantFrom(0, 100_000), (all, ms) => {
      all.isUncertain = true;
      return all.virtual.crash(ms);
    }),
  },
  {
    weight: 1,
    arbitrary: named("dead letter", fc.constantFrom("retry" as const, "drop" as const), (all, fate) => all.fate(fate)),
  },
);

/** A whole bridge lives through each. */
const numRuns = 4;

test("what was accepted is sent, or expires, or is a dead letter; the end of a task is a message of its own, and its last progress is shown", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 35 }), async (history) => {
      const telegram = { allowedUsers: [1, 2], breakerThreshold: 2, mostFailures: 3 };
      const all = new Delivering(await VirtualBridge.start({ telegram }, () => {}));
      await using virtual = all.virtual;
      await virtual.pass(1_000);
      for (const { to } of history) await to(all);
      virtual.telegram.heal();
      virtual.telegram.control({ outage: false });
      await virtual.pass(200_000);
      const said = history.map(({ what }) => what).join(", ");
      for (const each of all.sent) expectEnded(all, each, said);
      expect(virtual.bridge.status().queue.pending, said).toBe(0);
      const wrong = virtual.telegram.violations.filter(({ error }) => !/not modified/.test(error?.message ?? ""));
      expect(wrong, said).toEqual([]);
      if (all.isUncertain) return;
      for (const each of ["build", "deploy"]) expectShown(all, each, said);
      expectRarelyEdited(all, said);
    }),
    { numRuns },
  );
});

function expectEnded(all: Delivering, { id, kind }: Sent, said: string): void {
  const { messages, expired = 0, replaced = 0 } = all.virtual.bridge.eventStatus(id, "ci");
  const got = all.got(id);
  expect(messages.waiting, `${id}: ${said}`).toBe(0);
  expect(messages.sent + messages.refused + expired + replaced, `${id}: ${said}`).toBe(2);
  if (kind !== "progress")
    expect(
      got.filter(({ method }) => method !== "sendMessage"),
      `${id}: ${said}`,
    ).toEqual([]);
  if (all.isUncertain) expect(got.length, `${id}: ${said}`).toBeGreaterThanOrEqual(messages.sent);
  else expect(got.length, `${id}: ${said}`).toBe(messages.sent);
}

function expectShown(all: Delivering, task: string, said: string): void {
  const last = all.sent.findLast((each) => each.kind === "progress" && each.task === task);
  for (const { result } of last === undefined ? [] : all.got(last.id)) {
    const { message_id } = result as { readonly message_id: number };
    expect(all.virtual.telegram.bot.textOf(message_id), `${task}: ${said}`).toContain(`<${last?.id}>`);
  }
}

function expectRarelyEdited(all: Delivering, said: string): void {
  const edited = new Map<string, number>();
  for (const { method, parameters, at, result } of all.virtual.telegram.answered) {
    if (method !== "editMessageText" || result === undefined) continue;
    const message = String(parameters.message_id);
    expect(at - (edited.get(message) ?? 0), said).toBeGreaterThanOrEqual(3_000);
    edited.set(message, at);
  }
}
