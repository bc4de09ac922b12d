import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { type Outcome, runConformance } from "../conformance/conformance.ts";
import { startPrograms } from "../conformance/programs.ts";
import { conforming } from "./conformance/conforming.ts";

describe.each([
  ["one server", 1],
  ["three servers, each request at another one,", 3],
] as const)("%s", (_what, servers) => {
  let folder: string;
  let outcome: Outcome;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cctelegram-conformance-"));
    outcome = await runConformance(folder, () => startPrograms(folder, servers));
  });

  afterAll(() => rm(folder, { recursive: true }));

  conforming(() => outcome);
});
