import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheKey } from "./cache.ts";
import { run } from "./command.ts";

const SOURCE = join(import.meta.dirname, "definitions", "gateway-api");
const MODULE = "sigs.k8s.io/gateway-api";
const FILES = ["gatewayclasses", "gateways", "httproutes"].map((plural) => `gateway.networking.k8s.io_${plural}.yaml`);

/**
 * The files of the Gateway API's own definitions, as its Go module brings them. Needs the network the first time; what comes has to have
 * the hash of go.sum.
 */
export async function gatewayDefinitions(): Promise<string[]> {
  const inputs = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(join(SOURCE, file), "utf8")));
  const { folder } = await cached({
    kind: "definitions/gateway-api",
    key: cacheKey([...inputs, ...FILES]),
    build: (target) => copyDefinitions(inputs, target),
  });
  return FILES.map((file) => join(folder, file));
}

async function copyDefinitions([mod = "", sum = ""]: readonly string[], target: string): Promise<void> {
  const version = new RegExp(`${MODULE} (v\\S+)`).exec(mod)?.[1];
  const answer = await run("go", ["mod", "download", "-json", `${MODULE}@${version}`], { cwd: SOURCE });
  const { Dir, Sum } = JSON.parse(answer) as { Dir: string; Sum: string };
  if (!sum.split("\n").includes(`${MODULE} ${version} ${Sum}`))
    throw new Error(`${MODULE} ${version} has the hash ${Sum}, which is not that of ${join(SOURCE, "go.sum")}.`);
  for (const file of FILES) await copyFile(join(Dir, "config", "crd", "standard", file), join(target, file));
}
