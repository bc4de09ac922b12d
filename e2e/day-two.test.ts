import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, type ExpectStatic, test } from "vitest";
import { run } from "../machine/command.mjs";
import {
  applyResource,
  changeSpec,
  cluster,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  expectReason,
  getJson,
  kubectl,
  podsOf,
  programOf,
  waitReady,
} from "./environment.ts";
import { operatorNamespace } from "./installation.ts";
import { noPrometheus, serveMetrics } from "./metrics.ts";

/*
 * What the operator does by itself, a while after somebody has asked for it. All of it waits more than it works, so the tests run at the
 * same time, each with a resource and a bot of its own.
 */

const purposes = ["kept", "uneven", "busy", "whole"] as const;
type Purpose = (typeof purposes)[number];
let namespaces: Readonly<Record<Purpose, string>>;
let stopMetrics: (() => Promise<void>) | undefined;

beforeAll(async () => {
  const created = await Promise.all(
    purposes.map(async (purpose) => [purpose, await createNamespace(purpose)] as const),
  );
  namespaces = Object.fromEntries(created) as Record<Purpose, string>;
  await Promise.all(Object.values(namespaces).map(createToken));
  if (noPrometheus === "") stopMetrics = await serveMetrics(cluster, [namespaces.busy, namespaces.whole]);
});
afterAll(async () => {
  await stopMetrics?.();
  await Promise.all(Object.values(namespaces).map(deleteNamespace));
});

const apply = (namespace: string, object: object) =>
  kubectl(["-n", namespace, "apply", "-f", "-"], { input: JSON.stringify(object) });

type Named = { readonly metadata: { readonly name: string } };
const namesOf = async (namespace: string, type: string) =>
  (await getJson<{ items: Named[] }>("-n", namespace, "get", type)).items.map(({ metadata }) => metadata.name);

const statusOf = async <T>(namespace: string, name: string) =>
  (await getJson<{ status: T }>("-n", namespace, "get", "cctd", name)).status;

/** Watches, so that a reason that soon passes is not missed. */
const until = (namespace: string, object: string, type: string, reason: string) => {
  const path = `--for=jsonpath={.status.conditions[?(@.type=="${type}")].reason}=${reason}`;
  return kubectl(["-n", namespace, "wait", object, path, "--timeout=2m"]);
};

/** Calls a tool by REST, at the same time with all arguments; whoever aborts ends the calls. */
async function calling(resource: Purpose, tool: string, args: readonly object[], signal?: AbortSignal): Promise<void> {
  const { base, key } = await endpoint(namespaces[resource], resource);
  const headers = { "content-type": "application/json", "x-api-key": key };
  const call = async (body: object) => {
    const request = { method: "POST", headers, body: JSON.stringify(body), ...(signal && { signal }) };
    const answer = await fetch(`${base}/tools/${tool}`, request);
    if (!answer.ok) throw new Error(`${tool}: ${await answer.text()}`);
  };
  await Promise.all(args.map(call));
}

describe.concurrent("by itself", () => {
  test("a schedule makes a backup, and those beyond the age and the number asked for are deleted with their archives", async ({
    expect,
  }) => {
    const [resource, namespace] = ["kept", namespaces.kept] as const;
    const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "64Mi" } } };
    await apply(namespace, {
      ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "backups" }, spec: claim },
    });
    const target = { type: "Volume", volume: { claimName: "backups" } };
    await applyResource(namespace, resource, { backup: { target, retention: { days: 30 } } });
    await waitReady(namespace, resource);
    const dayMs = 86_400_000;
    /** A backup of a run that was some days ago. */
    const made = async (days: number) => {
      const past = new Date(Date.now() - days * dayMs);
      const name = `${resource}-${past.toISOString().replace(/\D/g, "").slice(0, 12)}`;
      await apply(namespace, {
        ...{ apiVersion: "cctelegram.io/v1alpha1", kind: "CCTelegramBackup" },
        metadata: { name, labels: { "cctelegram.io/scheduled-by": resource } },
        spec: { deploymentName: resource },
      });
      await kubectl(["-n", namespace, "wait", "--for=condition=Succeeded", `cctb/${name}`, "--timeout=2m"]);
      return { name, past };
    };
    const old = await made(40);
    const { spec } = await getJson<{ spec: { volumeName: string } }>("-n", namespace, "get", "pvc", "backups");
    const volume = await getJson<{ spec: { local: { path: string } } }>("get", "pv", spec.volumeName);
    const folder = join(volume.spec.local.path, namespace, resource);
    const archives = () => readdirSync(folder).filter((file) => file.endsWith(".cctb"));
    utimesSync(join(folder, `${old.name}.cctb`), old.past, old.past);

    const recent = await made(1);
    await expect.poll(() => namesOf(namespace, "cctb")).toEqual([recent.name]);
    expect(archives()).toEqual([`${recent.name}.cctb`]);

    await changeSpec(namespace, resource, { backup: { schedule: "* * * * *", retention: { count: 1 } } });
    const later = expect.stringMatching(new RegExp(`^${resource}-\\d{12}$`));
    await expect
      .poll(
        async () => {
          const { backup } = await statusOf<{ backup?: { lastSuccessfulBackup?: string } }>(namespace, resource);
          const names = await namesOf(namespace, "cctb");
          const isNew = names.length === 1 && names[0] !== recent.name && names[0] === backup?.lastSuccessfulBackup;
          return { isNew, names, archives: archives().length };
        },
        { timeout: 120_000, interval: 500 },
      )
      .toEqual({ isNew: true, names: [later], archives: 1 });
    expect(archives()).not.toContain(`${recent.name}.cctb`);
  });

  test("a pod that fails the MCP handshake though it is ready is replaced, once", async ({ expect }) => {
    const [resource, namespace] = ["uneven", namespaces.uneven] as const;
    await applyResource(namespace, resource, {
      server: {
        replicas: 2,
        auth: { clients: [{ name: "test", permissions: ["*"] }] },
        rateLimit: { mode: "Disabled" },
      },
    });
    await waitReady(namespace, resource);
    await expect.poll(async () => (await podsOf(namespace, resource, "mcp-server")).length).toBe(2);
    const [bad, good] = await podsOf(namespace, resource, "mcp-server");
    const ofOperator = ["-n", operatorNamespace, "get", "pods", "-l", "app.kubernetes.io/name=cctelegram-operator"];
    const address = await kubectl([...ofOperator, "-o", "jsonpath={.items[0].status.podIP}"]);
    const told = until(namespace, `cctd/${resource}`, "Verified", "SomePodsFail");
    // What comes from the operator is refused; the kubelet's probes of the same port are not.
    const rule = `-A INPUT -s ${address} -p tcp --dport 8080 -j REJECT --reject-with tcp-reset`;
    await run("nsenter", [`--net=/proc/${programOf(bad!)}/ns/net`, "iptables", ...rule.split(" ")]);
    // While messages wait, which takes a second for each, the operator looks every few seconds.
    await calling(
      resource,
      "send_telegram_message",
      Array.from({ length: 90 }, (_, index) => ({ message: `waits ${namespace} ${index}` })),
    );
    await told;
    const events = ["-n", namespace, "get", "events", "--field-selector=reason=PodReplaced"];
    await expect.poll(() => kubectl(events), { timeout: 60_000 }).toContain(bad!.metadata.name);
    await expectReason(namespace, resource, "Verified", "HandshakeSucceeded", expect);
    await waitReady(namespace, resource);
    const after = await podsOf(namespace, resource, "mcp-server");
    expect(after.map(({ metadata }) => metadata.uid)).not.toContain(bad!.metadata.uid);
    expect(after.map(({ metadata }) => metadata.uid)).toContain(good!.metadata.uid);
    expect(after).toHaveLength(2);
    const { podReplacements } = await statusOf<{ podReplacements?: object }>(namespace, resource);
    expect(podReplacements).toMatchObject({ count: 1, lastPod: bad!.metadata.uid });
  });

  /** Questions that wait for a person, which are calls in flight that use no CPU; resolves with what ends them. */
  function asking(expect: ExpectStatic, resource: Purpose): () => Promise<void> {
    const calls = new AbortController();
    const questions = Array.from({ length: 5 }, (_, index) => ({
      title: `Deploy ${index}?`,
      description: "Shall it be?",
      wait_seconds: 600,
    }));
    const ended = calling(resource, "send_approval_request", questions, calls.signal).catch((error: Error) => error);
    return async () => {
      calls.abort();
      expect(await ended).toMatchObject({ name: "AbortError" });
    };
  }

  const telegram = { updates: "Polling" };
  const readyServers = async (resource: Purpose) => {
    const path = ["-n", namespaces[resource], "get", "deployment", `${resource}-mcp-server`];
    const { spec, status } = await getJson<{ spec: { replicas: number }; status: { readyReplicas?: number } }>(...path);
    return [spec.replicas, status.readyReplicas];
  };
  const untilServers = (expect: ExpectStatic, resource: Purpose, count: number) =>
    expect.poll(() => readyServers(resource), { timeout: 120_000, interval: 500 }).toEqual([count, count]);

  test.skipIf(noPrometheus !== "")(
    `calls in flight make more servers, up to the most that are allowed, also when that becomes fewer${noPrometheus}`,
    async ({ expect }) => {
      const [resource, namespace] = ["busy", namespaces.busy] as const;
      const autoscaling = { mode: "Enabled", minReplicas: 1, maxReplicas: 2 };
      const metrics = [{ type: "CallsInFlight", target: 1 }];
      await applyResource(namespace, resource, {
        telegram,
        server: { auth: { clients: [{ name: "test", permissions: ["*"] }] }, autoscaling: { ...autoscaling, metrics } },
      });
      await waitReady(namespace, resource);
      const endCalls = asking(expect, resource);
      await untilServers(expect, resource, 2);
      await expectReason(namespace, resource, "Autoscaling", "ScalingActive", expect);
      // Five calls ask for five servers.
      await until(namespace, `hpa/${resource}-mcp-server`, "ScalingLimited", "TooManyReplicas");
      await changeSpec(namespace, resource, { server: { autoscaling: { maxReplicas: 1 } } });
      await untilServers(expect, resource, 1);
      await endCalls();
    },
  );

  test.skipIf(noPrometheus !== "")(
    `an autoscaler of the resource itself makes more servers for calls in flight, and fewer when they have ended${noPrometheus}`,
    async ({ expect }) => {
      const [resource, namespace] = ["whole", namespaces.whole] as const;
      await applyResource(namespace, resource, { telegram });
      await waitReady(namespace, resource);
      const text = readFileSync("examples/autoscaler/autoscaler.yaml", "utf8")
        .replaceAll("name: team", `name: ${resource}`)
        .replace("namespace: cctelegram", `namespace: ${namespace}`)
        .replace("minReplicas: 2", "minReplicas: 1")
        .replace('averageValue: "50"', 'averageValue: "2"');
      const scaler = load(text) as { spec: object };
      const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
      await apply(namespace, { ...scaler, spec: { ...scaler.spec, behavior } });
      const endCalls = asking(expect, resource);
      // Five calls, two for each.
      await untilServers(expect, resource, 3);
      await expectReason(namespace, resource, "Autoscaling", "ScaledByAnother", expect);
      await endCalls();
      await untilServers(expect, resource, 1);
      await waitReady(namespace, resource);
    },
  );
});
