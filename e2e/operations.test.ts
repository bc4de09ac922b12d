import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  applyResource,
  condition,
  controlTelegram,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  expectReason,
  getJson,
  kubectl,
  podsOf,
  sentMessages,
  target,
  waitReady,
} from "./environment.ts";
import { clusterIP } from "./installation.ts";
import { callTool, connectClient, connectionOf } from "./mcp.ts";
import { startTraffic } from "./traffic.ts";

const resource = "steady";
const client = (name: string) => ({ name, permissions: ["*"] });
const server = (...names: string[]) => ({
  replicas: 2,
  // Whoever deletes a key's Secret here wants the key to be refused at once.
  auth: { clients: names.map(client), rotationGraceSeconds: 0 },
  rateLimit: { mode: "Disabled" },
});

/** A kubelet updates a changed Secret in running pods within its sync period, at most a minute and a half. */
const secretsArrive = { timeout: 150_000, interval: 1_000 };

let namespace: string;
let bot: number;

beforeAll(async () => {
  namespace = await createNamespace("operations");
  bot = await createToken(namespace);
  await applyResource(namespace, resource, { server: server("test", "former", "careless") });
  await waitReady(namespace, resource);
});
afterAll(() => deleteNamespace(namespace));

const statusWith = async (key: string) => {
  const { base } = await endpoint(namespace, resource);
  return (await fetch(`${base}/tools/get_bridge_status`, { method: "POST", headers: { "x-api-key": key } })).status;
};
const isServed = async (key: string) => {
  const status = await statusWith(key);
  expect([200, 401, 429]).toContain(status);
  return status === 200;
};
const keyOf = async (name: string) => (await connectionOf(target, { namespace, resource, client: name })).key;
const uidsOf = async () => (await podsOf(namespace, resource, "mcp-server")).map(({ metadata }) => metadata.uid).sort();

describe("the server of a running resource", () => {
  test("tells its health on the four routes, without a key", async () => {
    const { base } = await endpoint(namespace, resource);
    const health = async (route: string) => {
      const answer = await fetch(`${base}${route}`);
      return { status: answer.status, body: await answer.json() };
    };
    expect(await health("/health")).toMatchObject({ status: 200, body: { status: "healthy" } });
    expect(await health("/health/live")).toEqual({ status: 200, body: { alive: true } });
    expect(await health("/health/ready")).toEqual({ status: 200, body: { ready: true, reasons: [] } });
    expect(await health("/health/detailed")).toMatchObject({
      status: 200,
      body: { status: "healthy", components: { bridge: { running: true, health: "healthy" } } },
    });
  });

  test("sends events and alerts too, over MCP and REST", async () => {
    const { base, url, key } = await endpoint(namespace, resource);
    const mcp = await connectClient(url, key);
    const event = { type: "task_completion", title: `build ${Date.now()}`, description: "all green" };
    expect(await callTool(mcp, "send_telegram_event", event)).toMatchObject({ success: true });
    await mcp.close();
    const alert = { title: `alert ${Date.now()}`, current_value: 93, threshold: 80, severity: "high" };
    const answer = await fetch(`${base}/tools/send_performance_alert`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify(alert),
    });
    expect(answer.status).toBe(200);
    const texts = async () => (await sentMessages()).map(({ text }) => text).join("\n");
    await expect.poll(texts).toContain(event.title);
    await expect.poll(texts).toContain(alert.title);
  });
});

describe("the bridge of a running resource", () => {
  test("refuses an event that is not signed", async () => {
    const bridge = await clusterIP(target, namespace, `${resource}-bridge`);
    const body = JSON.stringify({ event_id: crypto.randomUUID(), title: "forged" });
    const headers = { "content-type": "application/json" };
    expect((await fetch(`http://${bridge}:9001/events`, { method: "POST", headers, body })).status).toBe(401);
  });

  test("sends one message a second to a chat: Telegram has nothing to refuse", async () => {
    await controlTelegram(bot, { reset: true, limits: { global: 30, perChat: 1, perGroupMinute: 20 } });
    const { url, key } = await endpoint(namespace, resource);
    const mcp = await connectClient(url, key);
    const label = `burst ${Date.now()}`;
    for (let index = 0; index < 4; index += 1) {
      await callTool(mcp, "send_telegram_message", { message: `${label} #${index}` });
    }
    await mcp.close();
    const burst = async () => (await sentMessages()).filter(({ text }) => text.includes(label));
    await expect.poll(async () => (await burst()).length).toBe(4);
    const sent = await burst();
    expect(sent.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(sent.map(({ text }) => /#(\d)/.exec(text)?.[1])).toEqual(["0", "1", "2", "3"]);
  });

  test("waits as long as Telegram asks with retry_after, and sends the message again", async () => {
    await controlTelegram(bot, { reset: true, faults: [{ kind: "rate_limit", times: 1, seconds: 3, scope: "bot" }] });
    const { url, key } = await endpoint(namespace, resource);
    const mcp = await connectClient(url, key);
    const text = `patient ${Date.now()}`;
    expect(await callTool(mcp, "send_telegram_message", { message: text })).toMatchObject({ success: true });
    await mcp.close();
    const tries = async () => (await sentMessages()).filter((message) => message.text.includes(text));
    await expect.poll(async () => (await tries()).map(({ status }) => status)).toEqual([429, 200]);
    const [refused, sent] = await tries();
    expect(sent!.steady - refused!.steady).toBeGreaterThanOrEqual(3_000);
  });
});

test("server and bridge log lines of JSON, which hold neither keys nor tokens", async () => {
  const { key } = await endpoint(namespace, resource);
  const wrong = `wrong-${crypto.randomUUID()}`;
  expect(await statusWith(wrong)).toBe(401);
  const secret = async (name: string, field: string) =>
    Buffer.from(
      await kubectl(["-n", namespace, "get", "secret", name, "-o", `jsonpath={.data.${field}}`]),
      "base64",
    ).toString();
  const secrets = [key, wrong, await secret(`${resource}-hmac`, "secret"), await secret("telegram", "token")];
  const pods = [...(await podsOf(namespace, resource, "mcp-server")), ...(await podsOf(namespace, resource, "bridge"))];
  expect(pods).toHaveLength(3);
  for (const { metadata } of pods) {
    const log = await kubectl(["-n", namespace, "logs", metadata.name]);
    const lines = log.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: expect.anything(), time: expect.anything(), msg: expect.any(String) }),
    );
    expect(secrets.filter((value) => value === "" || log.includes(value))).toEqual([]);
  }
});

describe("what people do with kubectl", () => {
  test("a Service that was deleted is back, and clients reach it again", async () => {
    await kubectl(["-n", namespace, "delete", "service", `${resource}-mcp-server`]);
    const key = await keyOf("test");
    await expect.poll(() => statusWith(key).catch(String), { interval: 500 }).toBe(200);
    await waitReady(namespace, resource);
  });

  test("kubectl rollout restart replaces every pod, stays, and fails no call", async () => {
    const deployment = `deployment/${resource}-mcp-server`;
    const before = await uidsOf();
    const { url, key } = await endpoint(namespace, resource);
    const traffic = startTraffic(url, key, "restart");
    await traffic.progress(5);
    await kubectl(["-n", namespace, "rollout", "restart", deployment]);
    await kubectl(["-n", namespace, "rollout", "status", deployment, "--timeout=3m"]);
    await traffic.progress(5);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    const after = await uidsOf();
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    const { spec } = await getJson<Deployment>("-n", namespace, "get", deployment);
    expect(spec.template.metadata.annotations).toHaveProperty(["kubectl.kubernetes.io/restartedAt"]);
  });

  test("a client that is taken away, and a key whose Secret is deleted, are refused; no pod restarts for it", async () => {
    const [former, lost, kept] = [await keyOf("former"), await keyOf("careless"), await keyOf("test")];
    expect([await statusWith(former), await statusWith(lost)]).toEqual([200, 200]);
    const before = await uidsOf();
    await kubectl(["-n", namespace, "delete", "secret", `${resource}-connection-careless`]);
    await applyResource(namespace, resource, { server: server("test", "careless") });
    await expect.poll(() => keyOf("careless").catch(String)).toMatch(/^[0-9a-f]{64}$/);
    const next = await keyOf("careless");
    expect(next).not.toBe(lost);
    // Asked again and again before it counts, a key is refused as one of a banned address is.
    const answers = async () => [await isServed(former), await isServed(lost), await isServed(next)];
    await expect.poll(answers, secretsArrive).toEqual([false, false, true]);
    expect(await statusWith(kept)).toBe(200);
    expect(await uidsOf()).toEqual(before);
  });
});

type Rollout = {
  readonly status: { readonly rollout: { readonly revisions: readonly { readonly outcome: string }[] } };
};

test("a message that a fenced bridge has taken outlasts a hibernation, and is delivered once when the resource wakes", async () => {
  const patch = (spec: object) =>
    kubectl(["-n", namespace, "patch", "cctd", resource, "--type=merge", "-p", JSON.stringify({ spec })]);
  const text = `kept over the winter ${Date.now()}`;
  const arrived = async () => (await sentMessages()).filter((message) => message.text.includes(text)).length;
  await controlTelegram(bot, { reset: true });
  await patch({ bridge: { fencing: "Fenced" } });
  await expectReason(namespace, resource, "Ready", "BridgeFenced");
  const { url, key } = await endpoint(namespace, resource);
  const mcp = await connectClient(url, key);
  expect(await callTool(mcp, "send_telegram_message", { message: text })).toMatchObject({ success: true });
  await mcp.close();

  await patch({ activity: "Hibernated" });
  await kubectl(["-n", namespace, "wait", "--for=condition=Hibernated", `cctd/${resource}`, "--timeout=2m"]);
  expect(await podsOf(namespace, resource, "mcp-server")).toEqual([]);
  expect(await podsOf(namespace, resource, "bridge")).toEqual([]);
  expect((await condition(namespace, resource, "Degraded"))?.reason).toBe("NoProblems");
  expect(await arrived()).toBe(0);

  const last = async () => {
    const { status } = await getJson<Rollout>("-n", namespace, "get", "cctd", resource);
    return status.rollout.revisions.at(-1)?.outcome;
  };
  await patch({ server: { env: [{ name: "ASKED_FOR_IN_WINTER", value: "yes" }] } });
  await expect.poll(last).toBe("Waiting");

  await patch({ activity: "Active", bridge: { fencing: "Open" } });
  await waitReady(namespace, resource);
  expect(await last()).toBe("Active");
  expect(await uidsOf()).toHaveLength(2);
  await expect.poll(arrived).toBe(1);
}, 240_000);

type Deployment = { readonly spec: { readonly template: { readonly metadata: { annotations: object } } } };
