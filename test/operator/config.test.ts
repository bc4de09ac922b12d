import { describe, expect, test } from "vitest";
import { ConfigError } from "../../config/config-error.ts";
import type { Variable } from "../../config/variable.ts";
import { helpText, readConfig, variables } from "../../operator/config.ts";

const env = { SERVER_IMAGE: "cctelegram/server:0.1.0" };

function problemsOf(more: Record<string, string>): string[] {
  try {
    readConfig({ ...env, ...more });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ variable }) => variable);
    throw error;
  }
  return [];
}

describe("the operator's configuration", () => {
  test("has the documented defaults", () => {
    expect(readConfig(env)).toEqual({
      POD_NAMESPACE: "default",
      SERVER_IMAGE: "cctelegram/server:0.1.0",
      ALLOWED_IMAGES: [],
      ALLOWED_API_URLS: [],
      ALLOWED_BACKUP_ENDPOINTS: [],
      ALLOW_NETWORK_FIELDS: true,
      PROBE_EXPOSURE: true,
      PLAIN_REGISTRIES: [],
      WATCH_NAMESPACES: [],
      LEADER_ELECTION: true,
      CONCURRENCY: 8,
      HEALTH_PORT: 8081,
      METRICS_PORT: 8080,
      METRICS_AUTHENTICATION: false,
      LOG_LEVEL: "info",
    });
  });

  test("counts an empty variable as not set", () => {
    expect(readConfig({ ...env, TELEGRAM_API_URL: "", CONCURRENCY: "" })).toEqual(readConfig(env));
  });

  test("takes namespaces in any order, each once", () => {
    expect(readConfig({ ...env, WATCH_NAMESPACES: "b, a,b" }).WATCH_NAMESPACES).toEqual(["a", "b"]);
  });

  test.each([
    ["SERVER_IMAGE", ""],
    ["TELEGRAM_API_URL", "telegram.test"],
    ["TELEGRAM_API_URL", "http://user:password@telegram.test"],
    ["ALLOW_NETWORK_FIELDS", "yes"],
    ["WATCH_NAMESPACES", "team-a,Team-B"],
    ["WATCH_NAMESPACES", "team-a,"],
    ["WATCH_NAMESPACES", Array.from({ length: 101 }, (_, index) => `team-${index}`).join()],
    ["CONCURRENCY", "0"],
    ["CONCURRENCY", "65"],
    ["CONCURRENCY", "1.5"],
    ["HEALTH_PORT", "65536"],
    ["LISTEN_HOST", "http://0.0.0.0"],
    ["LOG_LEVEL", "loud"],
  ])("refuses %s=%s", (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([name]);
  });

  test("tells every problem at once, with what is expected and an example", () => {
    const refused = () => readConfig({ CONCURRENCY: "many", LOG_LEVEL: "loud" });
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(
      /Problems: 3\n {2}SERVER_IMAGE: is missing\n {4}expected: .+\n {4}example: {2}SERVER_IMAGE=/,
    );
  });

  test("has Leases where it serves some namespaces alone", () => {
    expect(problemsOf({ LEADER_ELECTION: "false" })).toEqual([]);
    expect(problemsOf({ LEADER_ELECTION: "false", WATCH_NAMESPACES: "team-a" })).toEqual(["LEADER_ELECTION"]);
  });

  test("is in --help, and every example can be used", () => {
    for (const [name, { schema, example }] of Object.entries<Variable>(variables)) {
      expect(helpText()).toContain(`  ${name}`);
      expect(schema.safeParse(example).success, name).toBe(true);
    }
  });
});
