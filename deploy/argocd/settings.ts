import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { dump } from "js-yaml";

const kind = "cctelegram.io_CCTelegramDeployment";
const folder = join(import.meta.dirname, "resource_customizations", ...kind.split("_"));

const read = (file: string) => readFileSync(join(folder, file), "utf8");

const actions = () =>
  globSync("actions/*/action.lua", { cwd: folder })
    .toSorted()
    .map((file) => ({ name: basename(dirname(file)), "action.lua": read(file) }));

/** The scripts as settings of Argo CD, by path from the root of the project. */
export function argoSettings(): Record<string, string> {
  const settings = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "argocd-cm",
      namespace: "argocd",
      labels: { "app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd" },
    },
    data: {
      [`resource.customizations.health.${kind}`]: read("health.lua"),
      "resource.customizations.health.cctelegram.io_CCTelegramBackup": read("../CCTelegramBackup/health.lua"),
      [`resource.customizations.actions.${kind}`]: dump(
        { "discovery.lua": read("actions/discovery.lua"), definitions: actions() },
        { lineWidth: -1 },
      ),
    },
  };
  return { "deploy/argocd/argocd-cm.yaml": `${heading}${dump(settings, { lineWidth: -1 })}` };
}

// Not by apply: kubectl would remove the settings that it applied to this ConfigMap before.
const heading = `# Generated from the scripts beside it by "npm run generate"; do not edit. To add it to Argo CD:
# kubectl -n argocd patch configmap argocd-cm --type=merge --patch-file=deploy/argocd/argocd-cm.yaml
`;
