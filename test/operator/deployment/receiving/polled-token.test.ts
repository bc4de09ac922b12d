import { expect, test } from "vitest";
import { bridgeStatefulSet } from "../../../../operator/deployment/desired/bridge-stateful-set.ts";
import { polledToken } from "../../../../operator/deployment/receiving/polled-token.ts";
import { blueprint, specOf } from "../support/blueprint.ts";

const telegram = { botTokenSecretRef: { name: "telegram", key: "bot" }, allowedUsers: [1] };

/** What the operator reads from the pods that it makes. */
function polled(updates: "Polling" | "None" | undefined) {
  const { object } = bridgeStatefulSet(blueprint(specOf({ telegram }), { updates }));
  return polledToken((object.spec as { template: { spec: Parameters<typeof polledToken>[0] } }).template.spec);
}

test("a bridge's pod tells the Secret with whose token it reads updates, or that it reads none", () => {
  expect(polled("Polling")).toEqual({ name: "telegram", key: "bot" });
  expect(polled("None")).toBeUndefined();
  expect(polled(undefined)).toBeUndefined();
  expect(polledToken(undefined)).toBeUndefined();
});

test("without the field the StatefulSet is the one of an operator that does not know the field", () => {
  const { object } = bridgeStatefulSet(blueprint(specOf({ telegram })));
  expect(JSON.stringify(object)).not.toContain("TELEGRAM_UPDATES");
});
