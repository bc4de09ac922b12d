import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { errors } from "../../../contract/error-catalogue.ts";
import { routes } from "../../../contract/routes.ts";
import { features } from "../../../server/features/features.ts";
import { httpRoutes } from "../../../server/http/routes.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { keys, keysJson, startServer, type TestServer } from "../support/server.ts";

type Schema = Parameters<typeof z.fromJSONSchema>[0];

type Operation = {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: Schema }>; $ref?: string }>>;
};

type Document = {
  readonly servers: readonly { url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: { readonly Error: Schema };
    readonly responses: Readonly<Record<string, { description: string }>>;
  };
};

let bridge: FakeBridge;
let server: TestServer;
let text: string;
let document: Document;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1000", MCP_ENABLE_BANS: "false" });
  text = await (await server.fetch("/openapi.json")).text();
  document = JSON.parse(text);
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

test("GET /openapi.json is valid OpenAPI 3.1, by the rules of its makers", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(text));
  expect({ valid, errors, version: validator.version }).toEqual({ valid: true, version: "3.1" });
  const { valid: isBrokenValid } = await validator.validate({
    ...JSON.parse(text),
    paths: { "/x": { get: { tags: 1 } } },
  });
  expect(isBrokenValid).toBe(false);
});

test("it is the file that stands in docs/reference, for every deployment and everybody", async () => {
  expect(text).toBe(readFileSync(join(import.meta.dirname, "../../../docs/reference/openapi.json"), "utf8"));
  const env = {
    MCP_BASE_PATH: "/team",
    SERVICE_NAME: "ours",
    MCP_ALLOWED_HOSTS: "secret.example",
    INSTANCE_ID: "mcp-01",
  };
  const other = await startServer(bridge.url, env);
  try {
    for (const path of ["/openapi.json", "/team/openapi.json", "/team/openapi.json/"]) {
      for (const key of ["", "wrong-key-of-some-length", keys.all]) {
        const answer = await other.fetch(path, { key });
        expect([answer.status, await answer.text()]).toEqual([200, text]);
      }
    }
  } finally {
    await other.close();
  }
  for (const secret of [...Object.keys(JSON.parse(keysJson)), "127.0.0.1", "localhost", new URL(bridge.url).port]) {
    expect(text).not.toContain(secret);
  }
});

test("its server is where it was read, below any base path", () => {
  const [{ url } = { url: "" }] = document.servers;
  expect(new URL(url, "https://mcp.example.com/team/openapi.json").href).toBe("https://mcp.example.com/team/");
  expect(new URL(url, "http://localhost:8080/openapi.json").href).toBe("http://localhost:8080/");
});

test("it has each route of REST and each tool with its methods, and no other", () => {
  const rest = httpRoutes.filter(({ route }) => route !== routes.mcp);
  const expected = rest.flatMap(({ method, route }) =>
    route === routes.tool
      ? [...features.tools.values()]
          .filter((tool) => tool.rest.some((each) => each === method))
          .map(({ name }) => `${method} /tools/${name}`)
      : [`${method} ${route.replace(/:(\w+)/g, "{$1}")}`],
  );
  expect(
    operations()
      .map(({ method, path }) => `${method} ${path}`)
      .toSorted(),
  ).toEqual(expected.toSorted());
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("it has each error of the catalogue at its status", () => {
  for (const [code, { httpStatus }] of Object.entries(errors)) {
    expect(document.components.responses[`Error${httpStatus}`]?.description).toContain(`\`${code}\`: `);
  }
});

test("it says which operations need no key, and these answer without one", async () => {
  for (const { path, method, operation } of operations()) {
    const { status } = await server.fetch(path, { method });
    expect([path, method, status === 200]).toEqual([path, method, operation.security?.length === 0]);
  }
});

const schemaOf = ({ responses }: Operation, status: number) =>
  z.fromJSONSchema(responses[status]?.content?.["application/json"]?.schema ?? false);

describe("answers are as it says", () => {
  const calls: Readonly<Record<string, object>> = {
    send_telegram_event: { type: "build_failed", title: "t", description: "d" },
    send_telegram_message: { message: "m" },
    send_task_completion: { task_id: "t", title: "t" },
    send_performance_alert: { title: "t", current_value: 2, threshold: 1 },
    get_telegram_responses: { limit: 3 },
    process_pending_responses: {},
    clear_old_responses: {},
    get_bridge_status: {},
    list_event_types: { category: "security" },
  };

  test.each(Object.entries(calls))("of %s", async (name, args) => {
    for (const method of features.tools.get(name)?.rest ?? []) {
      const operation = document.paths[`/tools/${name}`]![method.toLowerCase()]!;
      const json = method === "POST" ? { json: args } : { method };
      const answer = await server.fetch(`/tools/${name}`, { key: keys.all, ...json });
      expect(answer.status).toBe(200);
      expect(schemaOf(operation, 200).safeParse(await answer.json()).error).toBeUndefined();
    }
  });

  test.each(["/tools", "/resources", "/health/ready"])("of %s", async (path) => {
    const answer = await server.fetch(path, { key: keys.all });
    expect(schemaOf(document.paths[path]!.get!, answer.status).safeParse(await answer.json()).error).toBeUndefined();
  });

  test("of errors", async () => {
    const error = z.fromJSONSchema(document.components.schemas.Error);
    const answers = await Promise.all([
      server.fetch("/tools"),
      server.fetch("/nothing"),
      server.fetch("/tools", { method: "PUT", key: keys.all }),
      server.fetch("/tools/send_telegram_message", { key: keys.all, json: {} }),
      server.fetch("/resources/cctelegram?resource=x", { key: keys.all }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 404, 405, 400, 404]);
    for (const answer of answers) expect(error.safeParse(await answer.json()).error).toBeUndefined();
    expect(error.safeParse({ error: true, code: "NO_SUCH_CODE" }).success).toBe(false);
  });
});
