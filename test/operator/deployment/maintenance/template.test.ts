import { expect, test } from "vitest";
import { heldTemplate, type PodTemplate } from "../../../../operator/deployment/maintenance/template.ts";

const template = (fields: { annotations?: Record<string, string>; env?: object; image?: string } = {}): PodTemplate => {
  const container = {
    name: "bridge",
    image: fields.image ?? "server:1",
    env: Object.entries(fields.env ?? { LOG_LEVEL: "info" }).map(([name, value]) => ({ name, value })),
  };
  return {
    metadata: { annotations: { "cctelegram.io/hmac": "a", ...fields.annotations } },
    spec: { containers: [container] },
  };
};

test("a template that is as it shall be has nothing to wait for", () => {
  expect(heldTemplate(template(), template())).toBeUndefined();
});

test("another image waits: the live template stays as it is", () => {
  expect(heldTemplate(template(), template({ image: "server:2" }))).toEqual(template());
});

test("fencing goes at once, in both directions", () => {
  const open = { LOG_LEVEL: "info" };
  const fenced = { ...open, BRIDGE_FENCED: "true" };
  expect(heldTemplate(template(), template({ env: fenced }))).toBeUndefined();
  expect(heldTemplate(template(), template({ env: fenced, image: "server:2" }))).toEqual(template({ env: fenced }));
  expect(heldTemplate(template({ env: fenced }), template({ image: "server:2" }))).toEqual(template());
});

test("a restart that somebody asks for carries along whatever waits", () => {
  const annotations = { "cctelegram.io/restartedAt": "2026-01-01T00:00:00Z" };
  expect(heldTemplate(template(), template({ annotations, image: "server:2" }))).toBeUndefined();
});
