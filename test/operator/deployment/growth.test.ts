import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClaimState,
  daysUntilFull,
  type GrowthStep,
  growthStep,
  isNearlyFull,
  type VolumeUse,
} from "../../../operator/deployment/volume/growth.ts";
import { quantityValue } from "../../../operator/runtime/quantity.ts";
import { specOf } from "./support/blueprint.ts";

const Gi = 2 ** 30;

const storageOf = (fields: object = {}) => specOf({ bridge: { storage: fields } }).bridge.storage;
const claimOf = (request: string, fields: Partial<ClaimState> = {}): ClaimState => ({
  request,
  capacity: request,
  failed: false,
  ...fields,
});
const useOf = (free: number, fields: Partial<VolumeUse> = {}): VolumeUse => ({
  sizeBytes: Gi,
  freeBytes: free * Gi,
  ...fields,
});

describe("a volume is nearly full", () => {
  test("when less than a fifth of it is free, and not before", () => {
    expect(isNearlyFull(useOf(0.19), Gi, 80)).toBe(true);
    expect(isNearlyFull(useOf(0.21), Gi, 80)).toBe(false);
  });

  test("when the rest goes within three days, once half of it is gone: a burst into an empty volume is none", () => {
    const day = (growth: number) => ({ growthBytesPerDay: growth * Gi });
    expect(isNearlyFull(useOf(0.45, day(0.16)), Gi, 80)).toBe(true);
    expect(isNearlyFull(useOf(0.45, day(0.14)), Gi, 80)).toBe(false);
    expect(isNearlyFull(useOf(0.9, day(2)), Gi, 80)).toBe(false);
    expect(daysUntilFull(useOf(0.5, day(0.25)))).toBe(2);
    expect(daysUntilFull(useOf(0.5))).toBe(Number.POSITIVE_INFINITY);
  });

  test("on a disk with other users by its own share alone", () => {
    const disk = { sizeBytes: 250 * Gi };
    expect(isNearlyFull(useOf(20, disk), Gi, 80)).toBe(false);
    expect(isNearlyFull(useOf(0.1, disk), Gi, 80)).toBe(true);
  });
});

describe("what is done about it", () => {
  test.each<[string, object, ClaimState, VolumeUse | undefined, GrowthStep]>([
    ["nothing while there is room", {}, claimOf("1Gi"), useOf(0.5), { step: "Nothing" }],
    ["nothing while nobody knows", {}, claimOf("1Gi"), undefined, { step: "Nothing" }],
    ["larger by half", {}, claimOf("1Gi"), useOf(0.1), { step: "Grow", to: "2Gi", isAsked: false }],
    [
      "a whole number of GiB, at most four times the size",
      {},
      claimOf("3Gi"),
      useOf(0.1, { sizeBytes: 3 * Gi }),
      { step: "Grow", to: "4Gi", isAsked: false },
    ],
    [
      "at most maxSize",
      { size: "100Mi", growth: { maxSize: "120Mi" } },
      claimOf("100Mi"),
      useOf(0.01, { sizeBytes: 0.1 * Gi }),
      { step: "Grow", to: "120Mi", isAsked: false },
    ],
    ["nothing while it is being grown", {}, claimOf("2Gi", { capacity: "1Gi" }), useOf(0.1), { step: "Nothing" }],
    [
      "the size of the spec, full or not",
      { size: "5Gi" },
      claimOf("1Gi"),
      useOf(0.9),
      { step: "Grow", to: "5Gi", isAsked: true },
    ],
    [
      "nothing when somebody made it larger than the spec",
      { size: "2Gi" },
      claimOf("9Gi"),
      useOf(0.9),
      { step: "Nothing" },
    ],
  ])("%s", (_name, storage, claim, use, step) => {
    expect(growthStep(storageOf(storage), claim, use)).toEqual(step);
  });

  test("of a class with a least size its whole disk counts, and what it has in use of it", () => {
    const claim = claimOf("1Gi", { capacity: "20Gi" });
    const growth = { maxSize: "40Gi" };
    expect(growthStep(storageOf({ growth }), claim, useOf(5, { sizeBytes: 20 * Gi }))).toEqual({ step: "Nothing" });
    const full = useOf(0.1, { sizeBytes: 20 * Gi });
    expect(growthStep(storageOf({ growth }), claim, full)).toEqual({ step: "Grow", to: "30Gi", isAsked: false });
    expect(growthStep(storageOf(), claim, full)).toMatchObject({
      step: "Tell",
      cause: expect.stringMatching(/maxSize/),
    });
  });

  test("that a driver could not grow it to its size is told also while it is not nearly full", () => {
    const claim = claimOf("2Gi", { capacity: "1Gi", failed: true });
    const told = { step: "Tell", cause: expect.stringMatching(/its driver could not/), isAsked: true };
    expect(growthStep(storageOf({ size: "2Gi" }), claim, useOf(0.9))).toEqual(told);
    expect(growthStep(storageOf({ size: "2Gi" }), claim, undefined)).toEqual(told);
    expect(growthStep(storageOf(), claim, useOf(0.9))).toEqual({ step: "Nothing" });
  });

  test.each<[string, object, ClaimState, VolumeUse, RegExp]>([
    ["Disabled", { growth: { mode: "Disabled" } }, claimOf("1Gi"), useOf(0.1), /mode is Disabled: set it to Auto/],
    ["the largest size", {}, claimOf("4Gi"), useOf(0.1, { sizeBytes: 4 * Gi }), /raise bridge.storage.growth.maxSize/],
    ["a disk of others", {}, claimOf("1Gi"), useOf(0.1, { sizeBytes: 250 * Gi }), /free space there/],
    ["a driver that failed", {}, claimOf("2Gi", { capacity: "1Gi", failed: true }), useOf(0.1), /its driver could not/],
  ])("it is told what to do: %s", (_name, storage, claim, use, cause) => {
    expect(growthStep(storageOf(storage), claim, use)).toMatchObject({
      step: "Tell",
      cause: expect.stringMatching(cause),
    });
  });

  test("whatever the numbers, no step shrinks a volume or goes beyond its largest size", () => {
    const bytes = fc.integer({ min: 1, max: 2 ** 40 });
    fc.assert(
      fc.property(
        bytes,
        bytes,
        bytes,
        bytes,
        fc.nat(2 ** 40),
        (size, request, sizeBytes, freeBytes, growthBytesPerDay) => {
          const storage = storageOf({ size });
          const use = { sizeBytes, freeBytes: Math.min(freeBytes, sizeBytes), growthBytesPerDay };
          const step = growthStep(storage, claimOf(`${request}`), use);
          if (step.step !== "Grow") return;
          expect(quantityValue(step.to)).toBeGreaterThan(request);
          expect(quantityValue(step.to)).toBeLessThanOrEqual(step.isAsked ? size : 4 * size);
        },
      ),
    );
  });
});
