import { execFile } from "node:child_process";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { load, loadAll } from "js-yaml";
import { imagePatch, type PromotedResource, provenImage, wayRefused } from "./promotion.ts";

const help = `Carries the image that has proven itself in one environment to the next one: reads the status of its resource with kubectl,
and writes image.yaml of the next. Commit and apply that yourself.

npm run promote -- --from development --to staging
npm run promote -- --from staging --to production

  --from, --to      development, staging, production
  --folder          the environments (default: examples/environments)
  --context         of the kubeconfig, for the cluster of --from (default: the current one)
  --proven-for      minutes for which it has to have run without a change (default: 60)
`;

class Refusal extends Error {}

const call = promisify(execFile);

async function kubectl(args: readonly string[]): Promise<string> {
  const { stdout } = await call("kubectl", args, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

/** The resource as an environment's files ask for it. */
async function rendered(folder: string, environment: string): Promise<PromotedResource> {
  const objects = loadAll(await kubectl(["kustomize", join(folder, environment)])) as readonly ({
    kind: string;
  } & PromotedResource)[];
  const [resource, ...others] = objects.filter(({ kind }) => kind === "CCTelegramDeployment");
  if (resource && others.length === 0) return resource;
  throw new Refusal(`${join(folder, environment)} has to hold exactly one CCTelegramDeployment`);
}

/** The name that the patch has now: a prefix or suffix of the environment comes afterwards. */
async function patchedName(file: string): Promise<string> {
  const patch = load(await readFile(file, "utf8")) as PromotedResource | undefined;
  if (patch?.metadata?.name !== undefined) return patch.metadata.name;
  throw new Refusal(`${file} has to be a patch of a CCTelegramDeployment, as in examples/environments`);
}

async function promote(from: string, to: string, options: Options): Promise<string> {
  const refused = wayRefused(from, to);
  if (refused !== undefined) throw new Refusal(refused);
  const [asked, target] = await Promise.all([rendered(options.folder, from), rendered(options.folder, to)]);
  const { namespace = "default", name } = asked.metadata;
  const context = options.context === undefined ? [] : ["--context", options.context];
  const get = [...context, "-n", namespace, "get", "cctelegramdeployment", name, "-o", "json"];
  const live = JSON.parse(await kubectl(get)) as PromotedResource;
  if (live.spec.images?.server !== asked.spec.images?.server) {
    throw new Refusal(
      `${from} runs another image than its files ask for: kubectl apply -k ${join(options.folder, from)}`,
    );
  }
  const proof = provenImage(live, { nowMs: Date.now(), provenForMs: options.minutes * 60_000 });
  if ("obstacles" in proof)
    throw new Refusal(`${namespace}/${name} has not proven itself:\n- ${proof.obstacles.join("\n- ")}`);
  if (target.spec.images?.server === proof.image) return `${to} has ${proof.image} already.`;
  const file = join(options.folder, to, "image.yaml");
  await writeFile(`${file}.new`, imagePatch(await patchedName(file), proof.image, { from, since: proof.since }));
  await rename(`${file}.new`, file);
  return `${file} now names ${proof.image}.\nCommit it, and: kubectl apply -k ${join(options.folder, to)}`;
}

type Options = { readonly folder: string; readonly context: string | undefined; readonly minutes: number };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      from: { type: "string" },
      to: { type: "string" },
      folder: { type: "string", default: "examples/environments" },
      context: { type: "string" },
      "proven-for": { type: "string", default: "60" },
      help: { type: "boolean" },
    },
  });
  const { from, to, folder, context, "proven-for": minutes } = values;
  if (values.help || from === undefined || to === undefined) {
    process.stdout.write(help);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (!/^\d{1,6}$/.test(minutes)) throw new Refusal("--proven-for takes whole minutes, for example 60");
  console.log(await promote(from, to, { folder, context, minutes: Number(minutes) }));
}

await main().catch((error: Error & { readonly stderr?: string }) => {
  // Of kubectl, what it says is enough.
  console.error(error.stderr?.trim() || error.message);
  process.exitCode = 1;
});
