import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { bundle } from "../images/bundle.ts";

/** Loaded before the program: at its end it prints which of Node's modules are in memory. */
const listing = "data:text/javascript,process.on('exit', () => console.log(process.moduleLoadList.join('\\n')))";

test("the operator's bundle loads nothing of Node that only costs memory", async () => {
  await bundle(["operator"]);
  // It exits at once, because it has no configuration: by then all its imports are loaded.
  const { status, stdout } = spawnSync(process.execPath, ["--import", listing, "dist/operator/main.js"], {
    env: {},
    encoding: "utf8",
  });
  expect(status).toBe(78);
  const loaded = stdout.split("\n").map((line) => line.replace(/^NativeModule /, ""));
  expect(loaded).toContain("https");
  expect(loaded.filter((name) => /undici|^(http2|cluster|zlib)$/.test(name))).toEqual([]);
});
