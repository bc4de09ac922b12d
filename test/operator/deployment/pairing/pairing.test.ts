import { describe, expect, test } from "vitest";
import { codeConfirmation } from "../../../../operator/deployment/pairing/bridge-call.ts";
import { settledBy, stepOf } from "../../../../operator/deployment/pairing/pairing.ts";
import { settlePairing } from "../../../../operator/deployment/pairing/settling.ts";
import type { ObjectKey } from "../../../../operator/runtime/controller.ts";
import type { PlainFetch } from "../../../../operator/runtime/plain-http.ts";
import { specOf } from "../support/blueprint.ts";
import { resource, snapshot } from "../support/snapshot.ts";

const on = specOf({ telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1], pairing: "Code" } });
const settled = (code: string) => ({ pairing: { code, outcome: "Paired", message: "done" } }) as const;
const paired = { user_id: 50, username: "nina", first_name: "Nina" };

describe("the code in the annotation", () => {
  test("is asked about once, as the bot told it or with capitals and spaces", () => {
    expect(stepOf({ pair: "abc234", spec: on, status: {} })).toEqual({ ask: "abc234" });
    expect(stepOf({ pair: " ABC234\n", spec: on, status: {} })).toEqual({ ask: "abc234" });
    expect(stepOf({ pair: "abc234", spec: on, status: settled("abc234") })).toBeUndefined();
    expect(stepOf({ pair: "xyz234", spec: on, status: settled("abc234") })).toEqual({ ask: "xyz234" });
    expect(stepOf({ spec: on, status: settled("abc234") })).toBeUndefined();
  });

  test.each(["hello", "abc23", "abc2345", "abc10l", "../../x", "a".repeat(64)])(
    "%s is none, and nobody is asked",
    (pair) => {
      const message = expect.stringContaining("no code");
      expect(stepOf({ pair, spec: on, status: {} })?.settled).toEqual({ code: pair, outcome: "Refused", message });
    },
  );

  test.each([undefined, "None"] as const)("lets nobody in while telegram.pairing is %s", (pairing) => {
    const spec = { ...on, telegram: { ...on.telegram, pairing } };
    expect(stepOf({ pair: "abc234", spec, status: {} })?.settled).toMatchObject({
      outcome: "Refused",
      message: expect.stringContaining("set telegram.pairing to Code"),
    });
  });
});

test("a bridge that does not answer is asked again soon, one that does not run when it does, and none for a resource that is left alone", async () => {
  const asked: string[] = [];
  const settle = (mayWrite: boolean, bridgeRuns: boolean) =>
    settlePairing(
      // The rest notes an answer, and there is none.
      {
        mayWrite: () => mayWrite,
        confirmCode: async ({ name }: ObjectKey, code: string) => void asked.push(`${name} ${code}`),
      } as unknown as Parameters<typeof settlePairing>[0],
      snapshot({ resource: resource({ spec: on, pair: "abc234" }), bridgeRuns }),
      "secret",
    );
  expect(await settle(true, false)).toBeUndefined();
  expect(await settle(false, true)).toBeUndefined();
  expect(asked).toEqual([]);
  expect(await settle(true, true)).toBe(5_000);
  expect(asked).toEqual(["team abc234"]);
});

describe("what the bridge answers", () => {
  test("is told with the person's names, whatever is in them", () => {
    const told = (fields: object) => settledBy("abc234", { state: "Paired", paired: { ...paired, ...fields } }).message;
    expect(told({})).toBe("user 50 (@nina, Nina) may talk to the bot: /unpair 50 ends that");
    expect(told({ username: null })).toContain("user 50 (Nina) ");
    expect(told({ username: null, first_name: null })).toMatch(/^user 50 may talk/);
    expect(told({ username: null, first_name: "\u202eN\n\u0007" })).toContain("user 50 ( N  ) ");
    expect(told({ first_name: "N".repeat(10_000) }).length).toBeLessThan(200);
  });

  test("can be that nobody waits, or that it is an older bridge: both say what to do", () => {
    expect(settledBy("abc234", { state: "Unknown" })).toMatchObject({ code: "abc234", outcome: "Refused" });
    expect(settledBy("abc234", { state: "Unknown" }).message).toContain("let the person write to the bot");
    expect(settledBy("abc234", { state: "NotSupported" }).message).toContain("update it");
  });

  const asked = (status: number, text: string) => {
    const fetch: PlainFetch = async () => ({ status, ok: status < 300, text: async () => text });
    return codeConfirmation({ fetch, now: () => 0 })({ namespace: "tools", name: "team" }, "abc234", "secret");
  };

  test.each<[number, string, unknown]>([
    [200, JSON.stringify(paired), { state: "Paired", paired }],
    [404, JSON.stringify({ code: "PAIRING_CODE_UNKNOWN" }), { state: "Unknown" }],
    [404, JSON.stringify({ code: "NOT_FOUND" }), { state: "NotSupported" }],
    [404, "null", { state: "NotSupported" }],
    // Whatever may pass is asked again.
    [404, "<html>", undefined],
    [200, "", undefined],
    [200, '{"user_id":"50"}', undefined],
    [401, "{}", undefined],
    [429, "{}", undefined],
    [503, JSON.stringify({ code: "PAIRING_CODE_UNKNOWN" }), undefined],
  ])("%i %s", async (status, text, answer) => {
    expect(await asked(status, text)).toEqual(answer);
  });

  test("is asked for again when there is none", async () => {
    const confirm = codeConfirmation({ fetch: () => Promise.reject(new Error("reset")), now: () => 0 });
    expect(await confirm({ namespace: "tools", name: "team" }, "abc234", "secret")).toBeUndefined();
  });
});
