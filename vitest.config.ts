import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";

/** End-to-end tests that install, replace, kill or watch the operator, or drain a node. */
const touchesOthers = ["disruption", "handover", "promotion", "start-elsewhere", "state-folders"].map(
  (name) => `e2e/${name}.test.ts`,
);

/** For suites that start programs of ours. */
const programs = "test/support/programs.setup.ts";

/** How long tests wait for what has to come, in ms. Vitest's one second is too short for a machine under load. */
const patienceMs = 30_000;

/**
 * unit needs nothing; process starts our programs; clients installs clients by others; attack needs memory cgroups, and so root on Linux; cluster and gitops need a
 * control plane; e2e and e2e-alone real nodes, and so root on Linux.
 */
export default defineConfig({
  test: {
    expect: { poll: { timeout: patienceMs } },
    provide: { patienceMs },
    setupFiles: ["test/patience.ts"],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          setupFiles: ["test/leaks/setup.ts"],
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.{process,client,cluster}.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // They wait more than they work; by itself vitest leaves one core free.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "process",
          setupFiles: ["test/leaks/setup.ts"],
          include: ["test/**/*.process.test.ts"],
          globalSetup: [programs],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // They wait for their programs: two use a bit more than one core.
          maxWorkers: 3,
        },
      },
      {
        extends: true,
        test: {
          name: "clients",
          setupFiles: ["test/leaks/setup.ts"],
          include: ["test/clients/**/*.client.test.ts"],
          globalSetup: [programs, "test/clients/setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "attack",
          include: ["attack/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/**/*.cluster.test.ts"],
          exclude: ["test/argocd/**"],
          globalSetup: [programs, "test/cluster.setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Two cores are shared with an API server.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "gitops",
          include: ["test/argocd/**/*.cluster.test.ts"],
          globalSetup: ["test/cluster.setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Each asks programs of Argo CD and kubectl by the dozen, which leaves no time for tests of leases and pacing beside them.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          exclude: touchesOthers,
          globalSetup: ["e2e/setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // They wait more than they work. Each has a namespace and a bot of its own.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e-alone",
          include: touchesOthers,
          globalSetup: ["e2e/setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
