import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { dump, loadAll } from "js-yaml";
import { adoptable, type Exported } from "./adoptable.ts";

const help = `Makes of exported objects such that kubectl apply takes in another cluster, and that the resource adopts with the keys that they hold.

kubectl -n cctelegram get secret,service -l app.kubernetes.io/instance=team -o yaml > exported.yaml
npm run --silent adoptable -- --resource team < exported.yaml | kubectl apply -f -
`;

type List = { readonly items?: readonly Exported[] };

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { resource: { type: "string" }, help: { type: "boolean" } } });
  if (values.help || values.resource === undefined) {
    process.stdout.write(help);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const documents = loadAll(await text(process.stdin)) as readonly (Exported | List | null)[];
  const exported = documents.flatMap((document) => {
    if (document === null) return [];
    return "items" in document ? (document.items ?? []) : [document as Exported];
  });
  const { objects, leftOut } = adoptable(exported, values.resource);
  for (const line of leftOut) console.error(`left out: ${line}`);
  process.stdout.write(objects.map((object) => dump(object)).join("---\n"));
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
