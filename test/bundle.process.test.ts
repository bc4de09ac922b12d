import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { features as fixtures } from "../conformance/fixtures/features.ts";
import { features } from "../server/features/features.ts";
import { startProcess } from "./server/support/process.ts";
import { programOf } from "./support/programs.ts";

/** Loaded before the program: at its end it prints which of Node's modules are in memory. */
const listing = "data:text/javascript,process.on('exit', () => console.log(process.moduleLoadList.join('\\n')))";

test("the operator's bundle loads nothing of Node that only costs memory", async () => {
  // It exits at once, because it has no configuration: by then all its imports are loaded.
  const { status, stdout } = spawnSync(process.execPath, ["--import", listing, programOf("operator")], {
    env: {},
    encoding: "utf8",
  });
  expect(status).toBe(78);
  const loaded = stdout.split("\n").map((line) => line.replace(/^NativeModule /, ""));
  expect(loaded).toContain("https");
  expect(loaded.filter((name) => /undici|^(http2|cluster|zlib)$/.test(name))).toEqual([]);
});

test("the server's bundle holds what the product offers, and none of the fixtures of conformance", async () => {
  const text = readFileSync(programOf("server"), "utf8");
  const namesIn = ({ tools, prompts, resources }: typeof features) => [
    ...tools.keys(),
    ...prompts.map(({ name }) => name),
    ...resources.map(({ uri }) => uri),
  ];
  const own = namesIn(features);
  expect(own.filter((name) => !text.includes(`"${name}"`))).toEqual([]);
  const others = namesIn(fixtures).filter((name) => !own.includes(name));
  expect(others.length).toBeGreaterThan(40);
  expect(others.filter((name) => text.includes(`"${name}"`))).toEqual([]);
});

test("the server's bundle describes REST as the sources do, with a page whose script may run", async () => {
  const env = {
    HMAC_SECRET: "s".repeat(32),
    BRIDGE_URL: "http://127.0.0.1:9",
    METRICS_ENABLED: "false",
    MCP_API_KEYS: "k".repeat(32),
  };
  const program = startProcess(["serve"], { ...env, MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0" });
  try {
    const { http } = await program.logged("ready to work");
    const description = await (await fetch(`${http}/openapi.json`)).text();
    expect(description).toBe(readFileSync("docs/reference/openapi.json", "utf8"));
    const page = await fetch(`${http}/docs`);
    const script = /<script[^>]*>(.*?)<\/script>/s.exec(await page.text())?.[1] ?? "";
    const hash = createHash("sha256").update(script).digest("base64");
    expect(page.headers.get("content-security-policy")).toContain(`script-src 'sha256-${hash}'`);
    // As it is written, whatever the bundler makes of the program around it.
    expect(script).toBe(readFileSync("server/http/docs-page/page.js", "utf8"));
  } finally {
    program.child.kill("SIGKILL");
    await program.exited;
  }
});
