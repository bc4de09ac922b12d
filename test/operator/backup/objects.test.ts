import type { V1JobSpec, V1PodSpec } from "@kubernetes/client-node";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { backupSpec } from "../../../operator/api/backup.ts";
import { manifestsOf } from "../../../operator/backup/manifests.ts";
import { type BackupOrder, foundationsOf, jobOf, objectName } from "../../../operator/backup/objects.ts";
import { type BackupPlan, backupPlanOf } from "../../../operator/backup/plan.ts";
import { forbiddenStore } from "../../../operator/deployment/allowed.ts";
import { bridgeStatefulSet } from "../../../operator/deployment/desired/bridge-stateful-set.ts";
import { bridgeNetworkPolicy } from "../../../operator/deployment/desired/network-policies.ts";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import type { Client } from "../../../operator/runtime/client.ts";
import { blueprint, specOf } from "../deployment/support/blueprint.ts";
import { resource } from "../deployment/support/snapshot.ts";
import { cachedBackup } from "./support.ts";

const recipient = `age1${"q".repeat(58)}`;
const s3 = {
  type: "S3",
  s3: {
    endpoint: "https://s3.example.com:9000",
    region: "eu-central-1",
    bucket: "backups",
    prefix: "prod",
    credentialsSecretRef: { name: "store" },
    caSecretRef: { name: "authority", key: "ca.crt" },
  },
} as const;
const volume = { type: "Volume", volume: { claimName: "backups", path: "here" } } as const;

const plan = (fields: Partial<BackupPlan> = {}): BackupPlan => ({
  target: s3,
  secrets: "Excluded",
  configuration: "Included",
  recipients: [],
  verify: true,
  retention: { days: 30 },
  ...fields,
});

const order = (fields: Partial<BackupPlan> = {}, spec: object = {}): BackupOrder => ({
  backup: cachedBackup("nightly"),
  deployment: resource({ spec: specOf(spec) }),
  plan: plan(fields),
  image: "registry.example.com/server:1",
  manifests: { "cctelegramdeployment.yaml": "kind: CCTelegramDeployment\n" },
});

const jobSpec = (given: BackupOrder) => jobOf(given).object.spec as unknown as V1JobSpec;
const podOf = (given: BackupOrder) => jobSpec(given).template.spec as V1PodSpec;
const envOf = (pod: Pick<V1PodSpec, "containers">) =>
  Object.fromEntries((pod.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));

describe("the Job of a backup", () => {
  test("complies with Pod Security restricted, and has no token of the API", () => {
    const pod = podOf(order());
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      serviceAccountName: "team-bridge",
      restartPolicy: "Never",
      securityContext: { runAsNonRoot: true, runAsUser: 1001, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(pod.containers).toHaveLength(1);
    expect(pod.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("has credentials as files of Secrets, not as variables, and says where they are", () => {
    const pod = podOf(order());
    expect(envOf(pod)).toMatchObject({
      BACKUP_TARGET: "s3://backups/prod",
      BACKUP_OF: "tools/team",
      S3_ENDPOINT: "https://s3.example.com:9000",
      S3_ACCESS_KEY_ID_FILE: "/etc/cctelegram/backup-store/accessKeyId",
      S3_CA_FILE: "/etc/cctelegram/backup-authority/ca.crt",
      BRIDGE_URL: "http://team-bridge.tools.svc:9001",
    });
    const mounted = (pod.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []);
    expect(mounted.sort()).toEqual(["authority", "nightly-backup", "store", "team-hmac"]);
    expect(Object.keys(envOf(pod)).filter((name) => name === "HMAC_SECRET" || /KEY(_ID)?$/.test(name))).toEqual([]);
  });

  test("mounts a volume that it may write, where its target is one", () => {
    const pod = podOf(order({ target: volume }));
    expect(envOf(pod)).toMatchObject({ BACKUP_TARGET: "file:///backup" });
    expect(pod.volumes).toContainEqual({ name: "backups", persistentVolumeClaim: { claimName: "backups" } });
    expect(pod.containers[0]?.volumeMounts).toContainEqual({ name: "backups", mountPath: "/backup", subPath: "here" });
  });

  test("tells recipients, verification and retention as asked for", () => {
    expect(envOf(podOf(order({ recipients: [recipient], retention: { days: 7, count: 3 } })))).toMatchObject({
      BACKUP_RECIPIENTS: recipient,
      BACKUP_VERIFY: "true",
      BACKUP_RETENTION_DAYS: "7",
      BACKUP_RETENTION_COUNT: "3",
    });
    const plain = envOf(podOf(order({ verify: false, retention: undefined })));
    expect(plain.BACKUP_VERIFY).toBe("false");
    expect(Object.keys(plain).filter((name) => /RECIPIENTS|RETENTION/.test(name))).toEqual([]);
  });

  test("goes with its CCTelegramBackup, ends at last, and its pods stay for a while", () => {
    const all = [jobOf(order()), ...foundationsOf(order())];
    expect(all.map(({ type, object }) => `${type.plural}/${object.metadata.name}`)).toEqual([
      "jobs/nightly-backup",
      "secrets/nightly-backup",
      "networkpolicies/nightly-backup",
    ]);
    for (const { object } of all) {
      expect(object.metadata.ownerReferences).toEqual([
        expect.objectContaining({ kind: "CCTelegramBackup", name: "nightly", uid: "uid-nightly", controller: true }),
      ]);
    }
    expect(jobSpec(order())).toMatchObject({
      backoffLimit: 4,
      activeDeadlineSeconds: 3600,
      ttlSecondsAfterFinished: 6 * 3600,
    });
  });
});

test("names of objects fit into labels, and those of two backups differ", () => {
  const named = (name: string) => objectName({ name });
  expect(named("nightly")).toBe("nightly-backup");
  const [one, other] = [named(`${"a".repeat(62)}b`), named(`${"a".repeat(62)}c`)];
  expect(one).not.toBe(other);
  for (const length of [1, 55, 56, 57, 63]) expect(named("a".repeat(length)).length).toBeLessThanOrEqual(63);
});

describe("the network policy", () => {
  type Policy = { readonly egress: readonly { to: unknown; ports: readonly { port: number }[] }[]; ingress?: unknown };
  const policyOf = (given: BackupOrder) =>
    foundationsOf(given).find(({ type }) => type.plural === "networkpolicies")?.object.spec as Policy | undefined;
  const portsOf = (policy: Policy | undefined) => policy?.egress.map(({ ports }) => ports.map(({ port }) => port));

  test("of a backup lets nobody in, and its pods reach DNS, the bridge and the store alone", () => {
    const policy = policyOf(order());
    expect(policy).toMatchObject({ policyTypes: ["Ingress", "Egress"] });
    expect(policy?.ingress).toBeUndefined();
    expect(portsOf(policy)).toEqual([[53, 53, 5353, 5353], [9001], [9000]]);
    expect(JSON.stringify(policy?.egress[2])).toContain("169.254.0.0/16");
    expect(portsOf(policyOf(order({ target: volume })))).toEqual([[53, 53, 5353, 5353], [9001]]);
    expect(policyOf(order({}, { networkPolicy: { mode: "Disabled" } }))).toBeUndefined();
  });

  test("of the bridge lets the pods of backups in", () => {
    const { ingress } = bridgeNetworkPolicy(blueprint(specOf())).object.spec as { ingress: { from: unknown[] }[] };
    const labels = { "app.kubernetes.io/instance": "team", "app.kubernetes.io/component": "backup" };
    expect(ingress[0]?.from).toContainEqual({ podSelector: { matchLabels: expect.objectContaining(labels) } });
    const pods = jobSpec(order()).template.metadata?.labels;
    expect(pods).toMatchObject(labels);
  });
});

test("a backup never replaces an archive from before it was asked for", () => {
  expect(envOf(podOf(order()))).toMatchObject({ BACKUP_KEEP_OLDER_THAN: "2026-10-31T23:50:00.000Z" });
});

describe("the proxy of the resource", () => {
  const proxy = { httpsProxy: "http://proxy.test:3128", noProxy: ["s3.internal"] };
  const variables = {
    HTTPS_PROXY: "http://proxy.test:3128",
    NO_PROXY: "localhost,127.0.0.1,::1,.svc,.cluster.local,s3.internal",
  };
  const egressTo = [{ cidr: "192.0.2.1/32", ports: [3128] }];
  const opened = '{"to":[{"ipBlock":{"cidr":"192.0.2.1/32"}}],"ports":[{"port":3128,"protocol":"TCP"}]}';

  test("is on the way of a backup to a store, whose pod may connect to it as the bridge may", () => {
    const given = order({}, { proxy, networkPolicy: { egressTo } });
    expect(envOf(podOf(given))).toMatchObject(variables);
    expect(JSON.stringify(foundationsOf(given))).toContain(opened);
    expect(envOf(podOf(order({ target: volume }, { proxy })))).not.toHaveProperty("HTTPS_PROXY");
  });

  test("is on the way of a restore from a store", () => {
    const restore = { source: "s3://backups/team/one.cctb", target: s3 };
    const wanted = blueprint(specOf({ proxy, networkPolicy: { egressTo } }), { restore });
    const { template } = bridgeStatefulSet(wanted).object.spec as { template: { spec: V1PodSpec } };
    expect(envOf({ containers: template.spec.initContainers ?? [] })).toMatchObject(variables);
    expect(JSON.stringify(bridgeNetworkPolicy(wanted).object.spec)).toContain(opened);
  });
});

test("a bridge that starts with an archive reads it in an init container, as restricted as itself", () => {
  const restore = {
    source: "s3://backups/prod/tools/team/nightly.cctb",
    target: s3,
    identity: { name: "age", key: "k" },
  };
  const plain = JSON.stringify(bridgeStatefulSet(blueprint(specOf())).object);
  expect(plain).not.toContain("initContainers");
  const { template } = bridgeStatefulSet(blueprint(specOf(), { restore })).object.spec as {
    template: { spec: V1PodSpec };
  };
  const [init] = template.spec.initContainers ?? [];
  expect(init).toMatchObject({
    args: ["restore"],
    securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
  });
  expect(envOf({ containers: [init!] })).toMatchObject({
    RESTORE_SOURCE: restore.source,
    DATA_DIR: "/var/lib/cctelegram",
    RESTORE_IDENTITY_FILE: "/etc/cctelegram/backup-identity/identity",
  });
  const egress = JSON.stringify(bridgeNetworkPolicy(blueprint(specOf(), { restore })).object.spec);
  expect(egress).toContain('"port":9000');
});

describe("what a backup leaves out", () => {
  const usual = { target: volume, content: ["Secrets"], encryption: { recipients: [recipient] }, verify: "Disabled" };

  test("is as its deployment says", () => {
    const spec = specOf({ backup: { ...usual, retention: { days: 3 } } });
    expect(backupPlanOf({ deploymentName: "team" }, spec)).toEqual({
      target: volume,
      secrets: "Included",
      configuration: "Excluded",
      recipients: [recipient],
      verify: false,
      retention: { days: 3, count: undefined },
    });
    expect(
      backupPlanOf(backupSpec.parse({ deploymentName: "team", target: s3, verify: "Enabled" }), spec),
    ).toMatchObject({
      target: s3,
      verify: true,
    });
    expect(backupPlanOf({ deploymentName: "team" }, specOf())).toBeUndefined();
  });
});

describe("the manifests of an archive", () => {
  const objects: Record<string, object> = {
    "team-hmac": { data: { secret: "aG1hYw==" }, metadata: { uid: "1" } },
    telegram: { data: { token: "dG9rZW4=" } },
  };
  const client: Pick<Client, "get"> = {
    get: async <T>(path: string) => {
      const found = objects[path.split("/").at(-1) ?? ""];
      if (found === undefined) throw new ApiError({ method: "GET", path, status: 404 });
      return found as T;
    },
  };
  const spec = specOf({
    telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1] },
    restoreFrom: { backupName: "before" },
  });
  const deployment = resource({ spec });

  test("can be applied in another namespace, and do not start from what this one did", async () => {
    const files = await manifestsOf(client, deployment, { configuration: "Included", secrets: "Excluded" });
    expect(Object.keys(files)).toEqual(["cctelegramdeployment.yaml"]);
    const manifest = load(files["cctelegramdeployment.yaml"] ?? "") as { metadata: object; spec: object };
    expect(manifest.metadata).toEqual({ name: "team" });
    expect(manifest.spec).toEqual(JSON.parse(JSON.stringify(specOf({ telegram: spec.telegram }))));
  });

  test("have Secrets only when they are asked for, with the word by which they are taken over", async () => {
    const files = await manifestsOf(client, deployment, { configuration: "Excluded", secrets: "Included" });
    expect(Object.keys(files).sort()).toEqual(["secret-team-hmac.yaml", "secret-telegram.yaml"]);
    expect(load(files["secret-team-hmac.yaml"] ?? "")).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "team-hmac", annotations: { "cctelegram.io/adopt": "team" } },
      type: "Opaque",
      data: { secret: "aG1hYw==" },
    });
    expect(load(files["secret-telegram.yaml"] ?? "")).toMatchObject({ metadata: { name: "telegram" } });
  });
});

test.each([
  ["any store", {}, undefined],
  [
    "a store that is listed",
    { allowedBackupEndpoints: ["https://s3.example.com"], allowNetworkFields: false },
    undefined,
  ],
  ["a store that is not", { allowedBackupEndpoints: ["https://s3.example.org"] }, "is not among those"],
  ["a store whose name only begins so", { allowedBackupEndpoints: ["https://s3.example.co"] }, "is not among those"],
  ["any store without network fields", { allowNetworkFields: false }, "does not allow backup.target.s3"],
])("an administrator allows or refuses %s", (_what, allowed, refusal) => {
  const said = forbiddenStore("backup.target", s3, allowed);
  expect(said).toEqual(refusal === undefined ? [] : [expect.stringContaining(refusal)]);
  expect(forbiddenStore("backup.target", volume, allowed)).toEqual([]);
});
