import { expect, test } from "vitest";
import { Gi, VolumeStage } from "./support.ts";

test("what a clock that was ahead has noted of a claim does not keep it from growing once the clock is right", async () => {
  const stage = new VolumeStage();
  stage.driver = "Slow";
  stage.usedBytes = 0.9 * Gi;
  stage.skewMs = 86_400_000;
  await stage.step();
  stage.skewMs = 0;
  stage.driver = "Grows";
  await stage.step();
  stage.usedBytes = 1.9 * Gi;
  await stage.step();
  await stage.pass(15);
  expect(stage.request).toBe("3Gi");
});

test("a new volume, which has the size of the template, is grown to the size of the spec like the one before", async () => {
  const stage = new VolumeStage();
  stage.storage = { ...stage.storage, size: "5Gi" };
  await stage.step();
  await stage.pass(30);
  expect(stage.capacityBytes).toBe(5 * Gi);
  stage.replace();
  await stage.step();
  expect(stage.request).toBe("5Gi");
});

test("a volume that may not be looked at is told as what it is: smaller than asked, or nearly full; and looked at again", async () => {
  const stage = new VolumeStage();
  stage.role = "Missing";
  stage.storage = { ...stage.storage, size: "5Gi" };
  await stage.step();
  expect(stage.look.trouble).toEqual({ cause: expect.stringMatching(/its role lacks/), isAsked: true });
  stage.usedBytes = 0.9 * Gi;
  await stage.step();
  expect(stage.look.trouble).toMatchObject({ isAsked: false });
  stage.usedBytes = 0;
  stage.role = "Granted";
  await stage.pass(15);
  expect(stage.look.trouble).toBeUndefined();
  expect(stage.request).toBe("5Gi");
});

test("that its driver refuses the size that was asked for is told, though the API server has taken it", async () => {
  const stage = new VolumeStage();
  stage.driver = "Infeasible";
  stage.storage = { ...stage.storage, size: "5Gi" };
  await stage.step();
  await stage.pass(15);
  expect(stage.look.trouble).toEqual({ cause: expect.stringMatching(/its driver could not/), isAsked: true });
  stage.driver = "Grows";
  await stage.pass(15);
  expect(stage.look.trouble).toBeUndefined();
});
