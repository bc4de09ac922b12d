import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { type Outcome, runConformance } from "../conformance/conformance.ts";
import { startPods } from "../conformance/pods.ts";
import { conforming } from "../test/conformance/conforming.ts";
import { cluster } from "./environment.ts";

describe("three pods behind a Service without affinity", () => {
  let folder: string;
  let outcome: Outcome;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cctelegram-conformance-"));
    outcome = await runConformance(folder, () => startPods(cluster, folder));
  });

  afterAll(() => rm(folder, { recursive: true }));

  conforming(() => outcome);
});
