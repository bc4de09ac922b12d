/** `npm run generate`: writes every file that is derived from the code. A test compares them with the tree. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argoSettings } from "./deploy/argocd/settings.ts";
import { adapterValues } from "./deploy/prometheus-adapter/rules.ts";
import { pageSources } from "./docs/generators/page-sources.ts";
import { referencePages } from "./docs/generators/pages.ts";
import { generatedFiles as definitions } from "./operator/api/generate.ts";

/** Every generated file, by path from the root of the project. */
export async function generatedFiles(): Promise<Record<string, string>> {
  return {
    ...definitions(),
    ...argoSettings(),
    ...adapterValues(),
    ...(await pageSources()),
    ...(await referencePages()),
  };
}

if (import.meta.main) {
  for (const [path, content] of Object.entries(await generatedFiles())) {
    const file = join(import.meta.dirname, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
