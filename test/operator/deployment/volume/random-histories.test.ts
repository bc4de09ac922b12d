import fc from "fast-check";
import { expect, test } from "vitest";
import { quantityValue } from "../../../../operator/runtime/quantity.ts";
import { Gi, VolumeStage } from "./support.ts";

type Change = { readonly what: string; readonly to: (stage: VolumeStage) => unknown };

function named<T>(what: string, values: fc.Arbitrary<T>, to: (stage: VolumeStage, value: T) => unknown) {
  return values.map((value): Change => ({ what: `${what} ${JSON.stringify(value)}`, to: (stage) => to(stage, value) }));
}

const set = <K extends keyof VolumeStage>(field: K, ...values: readonly VolumeStage[K][]) =>
  named(field, fc.constantFrom(...values), (stage, value) => {
    stage[field] = value;
  });

const skews = [0, 600_000, -600_000, -86_400_000, 3e10];

const change: fc.Arbitrary<Change> = fc.oneof(
  named("fill to percent", fc.constantFrom(0, 40, 85, 100), (stage, percent) => {
    stage.usedBytes = (stage.capacityBytes * percent) / 100;
  }),
  named("size", fc.constantFrom("1Gi", "2Gi", "5Gi"), (stage, size) => {
    stage.storage = { ...stage.storage, size };
  }),
  named("mode", fc.constantFrom("Auto" as const, "Disabled" as const), (stage, mode) => {
    stage.storage = { ...stage.storage, growth: { ...stage.storage.growth, mode } };
  }),
  set("class", "Grows", "Fixed"),
  set("driver", "Grows", "Slow", "Infeasible"),
  set("role", "Granted", "Missing"),
  set("answers", true, false),
  set("skewMs", ...skews),
  named("replace", fc.constant(""), (stage) => stage.replace()),
  named("restart", fc.constant(""), (stage) => stage.restart()),
  named("pass", fc.constantFrom(1, 9, 11, 40), (stage, minutes) => stage.pass(minutes)),
);

const histories = fc.array(change, { maxLength: 20, size: "max" });
const leastSizes = fc.constantFrom(0, 20 * Gi);
const numRuns = 200;

async function told(
  history: readonly Change[],
  leastBytes: number,
  look: (stage: VolumeStage) => void = () => {},
): Promise<VolumeStage> {
  const stage = new VolumeStage();
  stage.leastBytes = leastBytes;
  stage.replace();
  for (const { to } of history) {
    await to(stage);
    await stage.step();
    look(stage);
  }
  return stage;
}

const said = (history: readonly Change[]) => history.map(({ what }) => what).join(", ");

async function settle(stage: VolumeStage): Promise<void> {
  stage.role = "Granted";
  Object.assign(stage, { class: "Grows", driver: "Grows", answers: true, skewMs: 0 });
  stage.usedBytes = 0;
  await stage.step();
}

test("whatever happened, a volume gets the size that is asked for, and grows with its need, once for each", async () => {
  await fc.assert(
    fc.asyncProperty(histories, leastSizes, async (history, leastBytes) => {
      const stage = await told(history, leastBytes);
      await settle(stage);
      await stage.pass(25);
      const size = quantityValue(String(stage.storage.size));
      expect(stage.capacityBytes, said(history)).toBeGreaterThanOrEqual(size);
      expect(stage.look.trouble, said(history)).toBeUndefined();

      stage.storage = { ...stage.storage, growth: { ...stage.storage.growth, mode: "Auto", maxSize: "100Gi" } };
      stage.usedBytes = 0.9 * stage.capacityBytes;
      const before = stage.growths.length;
      const isUnasked = ({ to }: { readonly to: number }) => to !== size;
      await stage.step();
      await stage.pass(60);
      expect(stage.growths.slice(before).filter(isUnasked), said(history)).toHaveLength(1);
      expect(stage.look.trouble, said(history)).toBeUndefined();
    }),
    { numRuns },
  );
});

test("at each moment a volume that is told as nearly full is nearly full, and one that grows unasked was", async () => {
  await fc.assert(
    fc.asyncProperty(histories, leastSizes, async (history, leastBytes) => {
      const { growths } = await told(history, leastBytes, (stage) => {
        const { trouble } = stage.look;
        const usedPercent = (100 * stage.usedBytes) / stage.capacityBytes;
        if (trouble?.isAsked === false) expect(usedPercent, said(history)).toBeGreaterThan(80);
        if (trouble?.isAsked && trouble.cause.startsWith("its class"))
          expect(stage.capacityBytes, said(history)).toBeLessThan(quantityValue(String(stage.storage.size)));
      });
      for (const { to, usedPercent } of growths) {
        const isSize = [1, 2, 5].some((size) => to === size * Gi);
        if (!isSize) expect(usedPercent, said(history)).toBeGreaterThan(80);
        expect(to, said(history)).toBeLessThanOrEqual(20 * Gi);
      }
    }),
    { numRuns },
  );
});
