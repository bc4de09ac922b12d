import { expect, test } from "vitest";
import type { ClientRequest } from "../../../operator/runtime/client.ts";
import { tokenAuthorizer } from "../../../operator/runtime/token-authorizer.ts";
import { ManualClock } from "./manual-clock.ts";

/** Counts requests; metrics-access.cluster.test.ts shows that the real API server knows the tokens. */
function authorizer() {
  const clock = new ManualClock();
  const asked: string[] = [];
  let failing = false;
  const request = async ({ path }: ClientRequest) => {
    asked.push(path);
    if (failing) throw new Error("the API server is away");
    return { status: { authenticated: true, allowed: true, user: { username: "prometheus" } } };
  };
  const authorize = tokenAuthorizer({ client: { request } as never, clock, path: "/metrics" });
  return { authorize, clock, asked, fail: (value: boolean) => (failing = value) };
}

test("a token is looked at once a minute, also when many ask at once", async () => {
  const { authorize, clock, asked } = authorizer();
  const answers = await Promise.all(Array.from({ length: 50 }, () => authorize("token", "10.0.0.1")));
  expect(new Set(answers)).toEqual(new Set(["allowed"]));
  expect(asked).toHaveLength(2);
  await clock.advance(59_000);
  await authorize("token", "10.0.0.1");
  expect(asked).toHaveLength(2);
  await clock.advance(2_000);
  await authorize("token", "10.0.0.1");
  expect(asked).toHaveLength(4);
});

test("whoever guesses tokens is slowed down, and nobody else", async () => {
  const { authorize, clock, asked } = authorizer();
  const guesses = await Promise.all(
    Array.from({ length: 100 }, (_, index) => authorize(`guess-${index}`, "10.0.0.66")),
  );
  expect(guesses.filter((access) => access !== "busy")).toHaveLength(10);
  expect(asked).toHaveLength(20);
  expect(await authorize("token", "10.0.0.1")).toBe("allowed");
  await clock.advance(1_000);
  expect(await authorize("another", "10.0.0.66")).toBe("allowed");
});

test("an answer that did not come is not remembered", async () => {
  const { authorize, fail } = authorizer();
  fail(true);
  await expect(authorize("token", "10.0.0.1")).rejects.toThrow("away");
  fail(false);
  expect(await authorize("token", "10.0.0.1")).toBe("allowed");
});
