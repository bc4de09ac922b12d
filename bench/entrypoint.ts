import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The arguments of Node with which an image of the Dockerfile starts its program. */
export function nodeArguments(image: string): readonly string[] {
  const stages = readFileSync(join(import.meta.dirname, "../Dockerfile"), "utf8").split(/^FROM /m);
  const stageOf = (name: string) => stages.find((stage) => new RegExp(`^\\S+ AS ${name}$`, "m").test(stage));
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m;
  const [, text] = entrypoint.exec(stageOf(image) ?? "") ?? entrypoint.exec(stageOf("base") ?? "") ?? [];
  if (text === undefined) throw new Error(`the Dockerfile has no ENTRYPOINT for ${image}`);
  const [program, ...rest] = JSON.parse(text) as string[];
  if (program !== "node") throw new Error(`${image} is not started by Node`);
  return rest.slice(0, -1);
}
