import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Stages of the Dockerfile by name: an image is built from its own stage and the base stage. */
function stageOf(name: string): string {
  const stages = readFileSync(join(import.meta.dirname, "../Dockerfile"), "utf8").split(/^FROM /m);
  return stages.find((stage) => new RegExp(`^\\S+ AS ${name}$`, "m").test(stage)) ?? "";
}

/** The Node arguments with which an image of the Dockerfile starts its program. */
export function nodeArguments(image: string): readonly string[] {
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m;
  const [, text] = entrypoint.exec(stageOf(image)) ?? entrypoint.exec(stageOf("base")) ?? [];
  if (text === undefined) throw new Error(`the Dockerfile has no ENTRYPOINT for ${image}`);
  const [program, ...rest] = JSON.parse(text) as string[];
  if (program !== "node") throw new Error(`${image} is not started by Node`);
  return rest.slice(0, -1);
}

/** The variables that the image sets. */
export function environmentOf(image: string): Readonly<Record<string, string>> {
  const text = stageOf("base") + stageOf(image);
  return Object.fromEntries([...text.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
}
