import { describe, expect, test } from "vitest";
import type { RequestMessage } from "../../../server/mcp/message.ts";
import { createRequestStates } from "../../../server/mcp/request-state.ts";
import { createSeal } from "../../../server/mcp/seal.ts";

describe("the state of a call", () => {
  let now = Date.UTC(2026, 0, 1);
  const statesOf = (secret: string) => createRequestStates(createSeal(secret, "request state"), () => now);
  const states = statesOf("secret");
  const call = (params: object = {}): RequestMessage => ({
    kind: "request",
    id: 1,
    method: "tools/call",
    params: { name: "work", arguments: { a: 1 }, ...params },
  });
  const round = { state: { step: 1 }, answered: { name: { action: "accept" } } };
  const given = () => states.give(round, call(), "client");

  test("comes back to any replica that has the secret", () => {
    const requestState = given();
    expect(statesOf("secret").take({ ...call({ requestState }), id: "another" }, "client")).toEqual(round);
    expect(states.take(call(), "client")).toBeUndefined();
  });

  test("is refused from another client, for another call, or with another secret", () => {
    const requestState = given();
    const take =
      (message: RequestMessage, client = "client", of = states) =>
      () =>
        of.take(message, client);
    const refused = expect.objectContaining({ code: "INVALID_PARAMS" });
    expect(take(call({ requestState }), "another")).toThrow(refused);
    expect(take(call({ requestState, name: "other" }))).toThrow(refused);
    expect(take(call({ requestState, arguments: { a: 2 } }))).toThrow(refused);
    expect(take({ ...call({ requestState }), method: "prompts/get" })).toThrow(refused);
    expect(take(call({ requestState }), "client", statesOf("another"))).toThrow(refused);
  });

  test("is refused when anything of it was changed, or when it is none", () => {
    const requestState = given();
    for (let at = 0; at < requestState.length; at++) {
      const changed = requestState.slice(0, at) + (requestState[at] === "A" ? "B" : "A") + requestState.slice(at + 1);
      expect(() => states.take(call({ requestState: changed }), "client")).toThrow(/not given by this server/);
    }
    for (const none of [null, 1, {}, [], "", ".", "x".repeat(100_000)]) {
      expect(() => states.take(call({ requestState: none }), "client")).toThrow(/not given by this server/);
    }
  });

  test("ends after ten minutes", () => {
    const requestState = given();
    now += 600_000 - 1;
    expect(states.take(call({ requestState }), "client")).toEqual(round);
    now += 1;
    expect(() => states.take(call({ requestState }), "client")).toThrow(/expired/);
  });
});
