import { expect, test } from "vitest";
import { AskedWork } from "../../../server/process/asked-work.ts";

/** Work that waits until it is let go, and counts its runs. */
function slowWork() {
  const gates: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => gates.push(resolve));
  const finish = async () => {
    gates.at(-1)?.();
    await new Promise(setImmediate);
  };
  return { work, finish, runs: () => gates.length };
}

test("work that is asked for runs once", async () => {
  const { work, finish, runs } = slowWork();
  const asked = new AskedWork();
  asked.become(work);
  expect(runs()).toBe(0);
  asked.ask();
  expect(runs()).toBe(1);
  await finish();
  await asked.idle();
  expect(runs()).toBe(1);
});

test("who asks while it runs gets one more run, however many ask", async () => {
  const { work, finish, runs } = slowWork();
  const asked = new AskedWork();
  asked.become(work);
  for (let i = 0; i < 5; i += 1) asked.ask();
  expect(runs()).toBe(1);
  await finish();
  expect(runs()).toBe(2);
  await finish();
  await asked.idle();
  expect(runs()).toBe(2);
});

test("who asks before there is work gets it when there is", async () => {
  const { work, finish, runs } = slowWork();
  const asked = new AskedWork();
  asked.ask();
  asked.ask();
  await asked.idle();
  asked.become(work);
  expect(runs()).toBe(1);
  await finish();
  await asked.idle();
  expect(runs()).toBe(1);
});
