import { mkdirSync, writeFileSync } from "node:fs";
import { dump } from "js-yaml";
import { customResourceDefinition } from "./custom-resource-definition.ts";

/** The generated files of the API, by path from the root of the project. */
export function generatedFiles(): Record<string, string> {
  const definition = `# Generated from operator/api by "npm run generate"; do not edit.\n${dump(customResourceDefinition(), { noRefs: true, lineWidth: 120 })}`;
  return { "crds/cctelegram.io_cctelegramdeployments.yaml": definition };
}

if (import.meta.main) {
  mkdirSync("crds", { recursive: true });
  for (const [path, content] of Object.entries(generatedFiles())) writeFileSync(path, content);
}
