import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { exitCodes } from "../../../plugin/exit-codes.ts";
import { version } from "../../../plugin/version.ts";
import { storedBackupReport } from "../../operator/backup/ended-pod.ts";
import { createClaim } from "../../operator/deployment/support/disks.ts";
import { running } from "../../operator/deployment/support/kubelet.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  readResource,
  untilAnnounced,
  untilCondition,
  untilSettled,
} from "../../operator/deployment/support/steps.ts";
import type { Scene } from "../performance.ts";
import type { Stage } from "../stage.ts";

/** Lets a person look, and nothing else. */
const viewer = (name: string) => ({
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }],
});

async function as({ folder }: Stage, person: string): Promise<Readonly<Record<string, string>>> {
  const config = load(await readFile(join(folder, "kubeconfig"), "utf8")) as { users: { user: object }[] };
  const users = config.users.map((each) => ({ ...each, user: { ...each.user, as: person } }));
  const KUBECONFIG = join(folder, "kubeconfig-of-a-viewer");
  await writeFile(KUBECONFIG, dump({ ...config, users }), { mode: 0o600 });
  return { KUBECONFIG };
}

/** One resource that is ready and one that is not; the plugin is built and installed by the commands of the page. */
export const kubectlPlugin: Scene = {
  page: "kubectl-plugin",
  async given({ world }) {
    await createToken(world);
    await world.startOperator();
    await createResource(world, "team");
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${world.namespace}/rolebindings`;
    await world.client.request({ method: "POST", path, body: viewer("anna") });
    await untilSettled(world, "team");
  },
  parts: {
    "kubectl cctelegram --version": { after: (_, { stdout }) => expect(stdout).toBe(`${version}\n`) },
    "status late": {
      async before({ world }) {
        await createResource(world, "late", {
          telegram: { botTokenSecretRef: { name: "late-bot" }, allowedUsers: [1] },
        });
        await untilCondition(world, "late", "Ready", { reason: "BotTokenSecretNotFound" });
        await eventually(async () => expect((await readResource(world, "late")).status?.servers).toBe("1/1"));
        await untilCondition(world, "late", "Progressing", { status: "False" });
      },
    },
    "kubectl cctelegram events team": {
      before: ({ world }) => untilAnnounced(world, "team", "Ready"),
      withoutNodes: /Pulled/,
    },
    "keys config team ci": {
      after: (_, { stdout }) => expect(JSON.parse(stdout)).toHaveProperty(["mcpServers", "cctelegram", "url"]),
    },
    "keys revoke team ci --disable": {
      after: async ({ world }) =>
        expect(JSON.stringify((await readResource(world, "team")).spec)).toContain('"access":"Disabled"'),
    },
    "pause reconciliation": {
      after: ({ world }) => untilCondition(world, "team", "Paused", { status: "True" }),
    },
    "hibernate team": { after: ({ world }) => untilCondition(world, "team", "Hibernated", { status: "True" }) },
    "wake team": { after: ({ world }) => untilSettled(world, "team") },
    "undo team --to 1": {
      async before({ world }) {
        await changeSpec(world, "team", { version: "1.3.0" });
        await untilSettled(world, "team");
      },
      after: ({ world }) =>
        eventually(async () => expect((await readResource(world, "team")).status?.rollout?.revision).toBe(1)),
    },
    "backup team --name": {
      async before({ world }) {
        await createClaim(world, "backups");
        await world.kubelet.report((pod) => storedBackupReport(pod) ?? running(pod));
      },
    },
    "status taem": {
      before: ({ world }) =>
        Promise.all(["late", "team-restored"].map((name) => world.delete(types.cctelegramDeployments, name))),
      code: exitCodes.notFound,
    },
    "When it fails › kubectl cctelegram queue list team": {
      code: exitCodes.forbidden,
      env: (stage) => as(stage, "anna"),
    },
  },
  afterwards: (stage) => {
    test("kubectl completes names of resources and clients", async () => {
      const { output } = await stage().run("kubectl __complete cctelegram keys config team c");
      expect(output).toMatch(/^claude\tclient$/m);
      expect(output).toMatch(/^ci\tclient$/m);
    });
  },
};
