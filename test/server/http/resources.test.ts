import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServerError } from "../../../contract/errors.ts";
import { type Features, features } from "../../../server/features/features.ts";
import { type FakeBridge, startFakeBridge, threeTriesMs } from "../support/fake-bridge.ts";
import { connect, keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, {
    ...{ MCP_RATE_LIMIT_REQUESTS: "1000", MCP_BASE_PATH: "/team" },
    MCP_ENABLE_BANS: "false",
  });
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

const path = (resource: string) => `/resources/cctelegram?resource=${resource}`;

describe("GET /resources", () => {
  test.each(["all", "messages", "nothing"] as const)("lists for the key %s what MCP lists for it", async (name) => {
    const client = await connect(server.url, keys[name]);
    const { resources } = await client.listResources();
    const { resourceTemplates } = await client.listResourceTemplates();
    await client.close();
    for (const base of ["", "/team"]) {
      const answer = await server.fetch(`${base}/resources`, { key: keys[name] });
      expect(await answer.json()).toEqual({ resources, resourceTemplates });
    }
    const names = resources.map((each) => each.name);
    expect(names).toContain("event-types");
    expect(names.includes("bridge-status")).toBe(name !== "nothing");
    expect(names.includes("responses")).toBe(name === "all");
  });
});

describe("GET /resources/cctelegram", () => {
  test.each(features.resources.map(({ uri }) => uri))("reads %s as MCP does", async (uri) => {
    const client = await connect(server.url, keys.all);
    const { contents } = await client.readResource({ uri });
    await client.close();
    const name = uri.replace("cctelegram://", "");
    for (const asked of [path(name), `/team${path(name)}`, path(encodeURIComponent(uri))]) {
      const answer = await server.fetch(asked, { key: keys.all });
      expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(await answer.text()).toBe((contents[0] as { text: string }).text);
    }
  });

  test("reads what became of the client's own message, and of no other's", async () => {
    const sent = await server.fetch("/tools/send_telegram_message", { key: keys.messages, json: { message: "m" } });
    const { event_id } = (await sent.json()) as { event_id: string };
    const own = await server.fetch(path(`events/${event_id}`), { key: keys.messages });
    expect(await own.json()).toMatchObject({ event_id, state: "sent" });
    for (const [key, id] of [
      [keys.all, event_id],
      [keys.messages, "nothing"],
    ] as const) {
      const answer = await server.fetch(path(`events/${id}`), { key });
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: true, code: "RESOURCE_NOT_FOUND" });
    }
  });

  test.each([
    ["one that is not there", "nothing"],
    ["a longer name", "event-types/x"],
    ["a path to somewhere else", "../../etc/passwd"],
    ["another scheme", "file:///etc/passwd"],
    ["what cannot be decoded", "events/%25"],
    ["more than a URI may have", "x".repeat(4000)],
  ])("%s is 404", async (_what, resource) => {
    const answer = await server.fetch(path(encodeURIComponent(resource)), { key: keys.all });
    expect(answer.status).toBe(404);
    const body = await answer.text();
    expect(JSON.parse(body)).toMatchObject({ code: "RESOURCE_NOT_FOUND" });
    expect(body.length).toBeLessThan(1000);
  });

  test.each(["", "?resource=", "?resource=a&resource=b", "?resource[x]=1"])(
    "'%s' names none and is 400",
    async (query) => {
      const answer = await server.fetch(`/resources/cctelegram${query}`, { key: keys.all });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        code: "VALIDATION_ERROR",
        details: { fields: [{ field: "resource" }] },
      });
    },
  );

  test("without its permission a resource is as unknown as any other", async () => {
    for (const name of ["bridge-status", "responses"]) {
      const answer = await server.fetch(path(name), { key: keys.nothing });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, "RESOURCE_NOT_FOUND"]);
    }
    expect((await server.fetch(path("event-types"), { key: keys.nothing })).status).toBe(200);
  });

  test("a stranger is told nothing, and nothing of it is written", async () => {
    for (const asked of ["/resources", path("event-types"), path("nothing")]) {
      expect((await server.fetch(asked)).status).toBe(401);
      expect((await server.fetch(asked, { key: "wrong-key-of-some-length" })).status).toBe(401);
      expect((await server.fetch(asked, { method: "POST", key: keys.all })).status).toBe(405);
    }
  });

  test("a bridge that cannot be reached is 503, and each request counts for the limit", async () => {
    const own = await startFakeBridge();
    const limited = await startServer(own.url, { MCP_RATE_LIMIT_REQUESTS: "3", BRIDGE_TIMEOUT: `${threeTriesMs}` });
    await own.close();
    try {
      const responses = await limited.fetch(path("responses"), { key: keys.all });
      expect(responses.status).toBe(503);
      expect(await responses.json()).toMatchObject({ code: "BRIDGE_UNAVAILABLE" });
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await limited.fetch("/resources", { key: keys.all })).status);
      expect(statuses).toEqual([200, 200, 429]);
    } finally {
      await limited.close();
    }
  });
});

test("what is not one text is sent as it is", async () => {
  const fields = { title: "", description: "" };
  const own = (uri: string, mimeType: string, contents: object[]) => ({
    ...{ ...fields, uri, name: uri, mimeType },
    read: async () => contents.map((content) => ({ uri, mimeType, ...content })),
  });
  const resources = [
    own("cctelegram://picture", "image/png", [{ blob: Buffer.from([1, 2, 255]).toString("base64") }]),
    own("cctelegram://two", "text/plain", [{ text: "a" }, { text: "b" }]),
    own("cctelegram://page", "text/html", [{ text: "<script>alert(1)</script>" }]),
    {
      ...own("cctelegram://broken", "text/plain", []),
      read: async () => Promise.reject(new ServerError("TIMEOUT_ERROR", { timeout_ms: 1 })),
    },
  ] as unknown as Features["resources"];
  const other = await startServer(bridge.url, {}, { ...features, resources });
  try {
    const picture = await other.fetch(path("picture"), { key: keys.all });
    expect([picture.headers.get("content-type"), new Uint8Array(await picture.arrayBuffer())]).toEqual([
      "image/png",
      new Uint8Array([1, 2, 255]),
    ]);
    const two = await other.fetch(path("two"), { key: keys.all });
    expect(await two.json()).toMatchObject({ contents: [{ text: "a" }, { text: "b" }] });
    // A page that somebody smuggles in runs no script.
    const page = await other.fetch(path("page"), { key: keys.all });
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await other.fetch(path("broken"), { key: keys.all })).status).toBe(504);
  } finally {
    await other.close();
  }
});
