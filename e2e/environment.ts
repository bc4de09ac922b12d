import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Received } from "../test/telegram/received.ts";
import { find } from "./cluster/cluster.ts";
import { clusterIP, restrictedNamespace, telegramNamespace } from "./installation.ts";
import { localTarget } from "./kubectl.ts";
import { connectionOf } from "./mcp.ts";
import { clusterName } from "./names.ts";

export const cluster = find(clusterName) ?? notRunning();

export const target = localTarget(cluster);
export const { kubectl } = target;

function notRunning(): never {
  throw new Error(`the cluster "${clusterName}" does not run: these tests are started by npm test`);
}

/** A namespace of one test, with Pod Security "restricted" enforced. The caller deletes it. */
export async function createNamespace(purpose: string): Promise<string> {
  const name = `${purpose}-${randomBytes(3).toString("hex")}`;
  await kubectl(["apply", "-f", "-"], { input: restrictedNamespace(name) });
  return name;
}

export const deleteNamespace = (name: string) =>
  kubectl(["delete", "namespace", name, "--wait=false", "--ignore-not-found"]);

/** Resolves with the bot's id. */
export async function createToken(namespace: string): Promise<number> {
  const token = botToken();
  await kubectl(["-n", namespace, "create", "secret", "generic", "telegram", `--from-literal=token=${token}`]);
  return Number(token.split(":", 1)[0]);
}

/** Each installation has its own bot: Telegram's limits apply per bot. */
const botToken = () => `${100_000 + randomBytes(3).readUIntBE(0, 3)}:AA${randomBytes(16).toString("hex")}`;

type Spec = Readonly<Record<string, unknown>>;

/** Applies a resource of the profile Development with one client that may call all tools. */
export async function applyResource(namespace: string, name: string, overrides: Spec = {}): Promise<void> {
  const { server = {}, telegram = {}, ...rest } = overrides as Record<string, object>;
  const resource = {
    apiVersion: "cctelegram.io/v1alpha1",
    kind: "CCTelegramDeployment",
    metadata: { namespace, name },
    spec: {
      profile: "Development",
      telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [chatId()], ...telegram },
      server: { auth: { clients: [{ name: "test", permissions: ["*"] }] }, ...server },
      ...rest,
    },
  };
  await kubectl(["apply", "-f", "-"], { input: JSON.stringify(resource) });
}

/** Changes fields of a resource's spec; null takes one out. */
export const changeSpec = (namespace: string, name: string, spec: object) =>
  kubectl(["-n", namespace, "patch", "cctd", name, "--type=merge", "-p", JSON.stringify({ spec })]);

const chatId = () => 1_000_000 + randomBytes(3).readUIntBE(0, 3);

export const waitReady = (namespace: string, name: string, timeout = "2m") =>
  kubectl(["-n", namespace, "wait", "--for=condition=Ready", `cctd/${name}`, `--timeout=${timeout}`]);

export type ConditionView = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
};

export async function getJson<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl([...args, "-o", "json"])) as T;
}

export async function condition(namespace: string, name: string, type: string): Promise<ConditionView | undefined> {
  const { status } = await getJson<{ status?: { conditions?: ConditionView[] } }>("-n", namespace, "get", "cctd", name);
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Waits until a condition has a reason. A test that runs beside others gives its own `expect`. */
export const expectReason = (namespace: string, name: string, type: string, reason: string, own = expect) =>
  own
    .poll(async () => (await condition(namespace, name, type))?.reason, { timeout: 120_000, interval: 500 })
    .toBe(reason);

/** The URL for clients of this machine, and the key. */
export async function endpoint(
  namespace: string,
  resource: string,
): Promise<{ url: string; base: string; key: string }> {
  const base = `http://${await clusterIP(target, namespace, `${resource}-mcp-server`)}:8080`;
  const { key } = await connectionOf(target, { namespace, resource, client: "test" });
  return { base, url: `${base}/mcp`, key };
}

/** The messages that Telegram received, in order, with its answers. */
export async function sentMessages(): Promise<SentMessage[]> {
  return (await (await fetch(`${await telegramUrl()}/log`)).json()) as SentMessage[];
}

/** All requests of bots to the stand-in, in order. */
export async function telegramLog(): Promise<LoggedRequest[]> {
  return (await (await fetch(`${await telegramUrl()}/requests`)).json()) as LoggedRequest[];
}

type LoggedRequest = Omit<Received, "reply_markup"> & {
  readonly reply_markup?: { readonly inline_keyboard?: readonly (readonly { readonly callback_data: string }[])[] };
};

/** `steady` is in milliseconds of a monotonic clock. */
type SentMessage = { readonly bot: number; readonly text: string; readonly status: number; readonly steady: number };

/** The texts that Telegram accepted, in order. */
export const deliveredTexts = async () => textsOf(await acceptedMessages());

/** Those of one bot. */
export const deliveredBy = async (bot: number) =>
  textsOf((await acceptedMessages()).filter((message) => message.bot === bot));

const acceptedMessages = async () => (await sentMessages()).filter(({ status }) => status === 200);
const textsOf = (messages: readonly SentMessage[]) => messages.map(({ text }) => text);

/** Changes what one bot finds at the stand-in for Telegram, which all tests share; see test/telegram/control.ts. */
export async function controlTelegram(bot: number, control: Spec): Promise<void> {
  const response = await fetch(`${await telegramUrl()}/control`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...control, bot }),
  });
  if (!response.ok) throw new Error(`the stand-in for Telegram refused: ${await response.text()}`);
}

const telegramUrl = async () => `http://${await clusterIP(target, telegramNamespace, "telegram")}:8081`;

export type Pod = {
  readonly metadata: { readonly uid: string; readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly restartCount: number }[];
  };
};

/** The pods that are not being deleted. */
export async function podsOf(namespace: string, resource: string, component: string): Promise<Pod[]> {
  const selector = `app.kubernetes.io/instance=${resource},app.kubernetes.io/component=${component}`;
  const { items } = await getJson<{ items: Pod[] }>("-n", namespace, "get", "pods", "-l", selector);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Ends the program of a pod with SIGKILL, as the kernel does when memory runs out. */
export const killProgram = (pod: Pick<Pod, "metadata">): boolean => process.kill(programOf(pod), "SIGKILL");

/** The process id of a pod's program. */
export function programOf({ metadata: { uid } }: Pick<Pod, "metadata">): number {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const program = pids.find((pid) => belongsTo(pid, uid) && commandOf(pid).includes("/app/main.js"));
  if (program === undefined) throw new Error(`no program of pod ${uid} runs`);
  return Number(program);
}

/** The program of a pod was started again, and is ready. */
export const isBack = ({ status: { containerStatuses = [] } }: Pod): boolean =>
  containerStatuses.length > 0 && containerStatuses.every(({ ready, restartCount }) => ready && restartCount > 0);

const belongsTo = (pid: string, uid: string) => read(`/proc/${pid}/cgroup`).includes(uid);
const commandOf = (pid: string) => read(`/proc/${pid}/cmdline`);

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended in the meantime.
    return "";
  }
}
