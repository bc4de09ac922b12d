import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { overviewSchema } from "../contract/monitoring.ts";
import { openAccess } from "./access.ts";
import {
  applyResource,
  cluster,
  createNamespace,
  createToken,
  deleteNamespace,
  getJson,
  kubectl,
  target,
  waitReady,
} from "./environment.ts";
import { connectionsFrom, type Place, startProbe } from "./probe.ts";

const resource = "watched";
const path = "/api/monitoring/overview";
let home: string;
let peers: string;

const monitoring = () => ({
  dashboard: {
    mode: "Enabled",
    ingressFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": peers } } }],
  },
});

beforeAll(async () => {
  home = await createNamespace("watched");
  peers = await createNamespace("peers");
  await createToken(home);
  // Until the kubelet has brought a new password, it is a wrong one, and whoever shows too many is banned.
  await applyResource(home, resource, { monitoring: monitoring(), server: { bans: { mode: "Disabled" } } });
  await Promise.all([startProbe(target, home, "neighbour"), startProbe(target, peers, "peer")]);
  await waitReady(home, resource);
});
afterAll(() => Promise.all([home, peers].map(deleteNamespace)));

type Login = { readonly username: string; readonly password: string; readonly url: string };

/** The Secret of the dashboard, as a person reads it. */
async function login(): Promise<Login> {
  const { data } = await getJson<{ data: Record<string, string> }>(
    "-n",
    home,
    "get",
    "secret",
    `${resource}-dashboard`,
  );
  const decoded = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  return { username: decoded("username"), password: decoded("password"), url: decoded("url") };
}

const basic = ({ username, password }: Pick<Login, "username" | "password">) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

const program = `
  const [url, authorization] = process.argv.slice(1);
  fetch(url, { headers: authorization ? { authorization } : {} }).then(async (answer) => {
    console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));
    process.exit();
  });
`;

/** What a pod is answered there. */
async function asked({ namespace, pod }: Place, url: string, ...authorization: string[]) {
  const command = ["node", "--eval", program, url, ...authorization];
  return JSON.parse(await kubectl(["-n", namespace, "exec", pod, "--", ...command])) as {
    status: number;
    body: string;
  };
}

describe("the dashboard", () => {
  test("shows a named peer that has the password how the resource is, and nobody without it", async () => {
    const peer = { namespace: peers, pod: "peer" };
    const { url, ...known } = await login();
    const overview = new URL(path, url).href;
    expect((await asked(peer, overview)).status).toBe(401);
    expect((await asked(peer, overview, basic({ ...known, password: "another" }))).status).toBe(401);
    const { status, body } = await asked(peer, overview, basic(known));
    expect(status).toBe(200);
    expect(overviewSchema.parse(JSON.parse(body)).bridge).toMatchObject({ reachable: true });
  });

  test("is not reached by pods that nobody named, not even those of the namespace", async () => {
    const address = { host: `${resource}-dashboard.${home}.svc`, port: 8081 };
    const from = (place: Place) => connectionsFrom(target, place, [address]);
    expect(await from({ namespace: peers, pod: "peer" })).toEqual(["open"]);
    expect(await from({ namespace: home, pod: "neighbour" })).toEqual(["silence"]);
  });

  test("is reached by kubectl port-forward, without a peer", async () => {
    const access = await openAccess(
      ["--kubeconfig", cluster.kubeconfig],
      [{ namespace: home, service: `${resource}-dashboard`, port: 8081 }],
    );
    try {
      const overview = `${access.urls[0]}${path}`;
      expect((await fetch(overview)).status).toBe(401);
      expect((await fetch(overview, { headers: { authorization: basic(await login()) } })).status).toBe(200);
    } finally {
      await access.close();
    }
  });

  test("takes a new password when its Secret was deleted, and the old one no more, without new pods", async () => {
    const peer = { namespace: peers, pod: "peer" };
    const pods = () => kubectl(["-n", home, "get", "pods", "-o", "jsonpath={.items[*].metadata.uid}"]);
    const [before, running] = [await login(), await pods()];
    await kubectl(["-n", home, "delete", "secret", `${resource}-dashboard`]);
    await expect.poll(login).not.toEqual(before);
    const { url, ...known } = await login();
    const overview = new URL(path, url).href;
    // The kubelet updates the volume up to about a minute later.
    const isTaken = async () => (await asked(peer, overview, basic(known))).status;
    await expect.poll(isTaken, { timeout: 150_000, interval: 2_000 }).toBe(200);
    expect((await asked(peer, overview, basic(before))).status).toBe(401);
    expect(await pods()).toBe(running);
  });

  test("is gone when it is switched off", async () => {
    await applyResource(home, resource, { monitoring: { dashboard: { mode: "Disabled" } } });
    const left = () => kubectl(["-n", home, "get", "service,secret", "-o", "name"]);
    await expect.poll(left, { timeout: 60_000 }).not.toContain("dashboard");
  });
});
