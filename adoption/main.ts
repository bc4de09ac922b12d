import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { dump, loadAll } from "js-yaml";
import { adoptable, type Exported, isObject } from "./adoptable.ts";

const help = `Makes of exported objects such that kubectl apply takes in another cluster, and that the resource adopts with the keys that they hold.

{
  kubectl -n cctelegram get secret,service -l app.kubernetes.io/instance=team -o yaml
  echo ---
  kubectl -n cctelegram get cctd team -o yaml
} > exported.yaml
npm run --silent adoptable -- --resource team < exported.yaml | kubectl apply -f -

--resource NAME   the CCTelegramDeployment
--namespace NAME  where the objects come to (default: where they were)
`;

function objectsIn(document: unknown): readonly Exported[] {
  if (document === null || document === undefined) return [];
  const items: readonly unknown[] =
    typeof document === "object" && "items" in document && Array.isArray(document.items) ? document.items : [document];
  if (!items.every(isObject)) throw new Error("the input has to be objects as kubectl get -o yaml shows them");
  return items;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { resource: { type: "string" }, namespace: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help || values.resource === undefined) {
    // Never into a pipe to kubectl by mistake.
    (values.help ? process.stdout : process.stderr).write(help);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const exported = loadAll(await text(process.stdin)).flatMap(objectsIn);
  const { objects, leftOut } = adoptable(exported, values.resource, values.namespace);
  for (const line of leftOut) console.error(`left out: ${line}`);
  process.stdout.write(objects.map((object) => dump(object)).join("---\n"));
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
