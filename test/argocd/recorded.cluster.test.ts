import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { eventually, type Resource } from "../operator/deployment/support/steps.ts";
import { World } from "../operator/deployment/support/world.ts";
import { customization } from "./support/gitops.ts";
import { asYaml, essence, record } from "./support/recording.ts";
import { fileOf, states } from "./support/states.ts";
import { release } from "./support/states-of-wishes.ts";

const folder = join(customization, "testdata");
/** `RECORD=1` writes the files. */
const isRecording = process.env.RECORD === "1";

/** The operator writes counts and parts up to a minute later, on a busy machine later still. */
const longestPause = 180_000;

/** A status that has not changed for a while: the operator writes some changes a little later. */
async function settled(world: World): Promise<Resource> {
  const before = await record(world);
  await delay(15_000);
  const after = await record(world);
  return isDeepStrictEqual(essence(before), essence(after)) ? after : settled(world);
}

test("every state has a file, and every file a state", () => {
  const files = globSync("*.yaml", { cwd: folder }).map((file) => basename(file));
  expect(files.toSorted()).toEqual(states.map(fileOf).toSorted());
});

test.concurrent.for(states)(
  "$name is what the operator makes of it today",
  { timeout: 400_000 },
  async (state, { onTestFinished }) => {
    const world = await World.create("recorded");
    onTestFinished(async () => {
      await release(world);
      await world.dispose();
    });
    await state.bringAbout(world);
    const file = join(folder, fileOf(state));
    if (isRecording) return writeFileSync(file, asYaml(await settled(world)));
    const recorded = load(readFileSync(file, "utf8")) as Resource;
    await eventually(async () => expect(essence(await record(world))).toEqual(essence(recorded)), longestPause);
  },
);
