import { join, relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const ROOT = join(import.meta.dirname, "../..");

/** Short files whose tests take long, in seconds on 2 cores. Vitest takes long files first, and a worker would be left alone with these. */
export const seconds: Readonly<Record<string, number>> = {
  "test/argocd/actions.cluster.test.ts": 120,
  "test/argocd/chart.cluster.test.ts": 120,
  "test/argocd/converged.cluster.test.ts": 290,
  "test/argocd/recorded.cluster.test.ts": 80,
  "test/clients/dashboard/busy-hour.client.test.ts": 90,
  "test/clients/schemathesis.client.test.ts": 100,
  "test/conformance.process.test.ts": 35,
  "test/operator/backup/crashes.cluster.test.ts": 110,
  "test/pages/operating.cluster.test.ts": 50,
  "test/pages/versions.cluster.test.ts": 20,
  "test/server/bridge/commands/priority.test.ts": 25,
  "test/server/bridge/receiving/receiver.test.ts": 50,
  "test/server/bridge/receiving/receiving.process.test.ts": 80,
  "test/server/mcp/hostile.process.test.ts": 20,
};

const secondsOf = ({ moduleId }: TestSpecification): number => seconds[relative(ROOT, moduleId)] ?? 0;

/** Begins with what takes longest, within each project. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const projects = new Map(sorted.map(({ project }, index) => [project.name, index]));
    const place = ({ project }: TestSpecification) => projects.get(project.name) ?? 0;
    return sorted.toSorted((a, b) => place(a) - place(b) || secondsOf(b) - secondsOf(a));
  }
}
