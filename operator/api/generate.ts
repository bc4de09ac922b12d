import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { dump } from "js-yaml";
import { customResourceDefinition } from "./custom-resource-definition.ts";

/** The generated files of the API, by path from the root of the project. */
export function generatedFiles(): Record<string, string> {
  const definition = `# Generated from operator/api by "npm run generate"; do not edit.\n${dump(customResourceDefinition(), { noRefs: true, lineWidth: 120 })}`;
  return {
    "crds/cctelegram.io_cctelegramdeployments.yaml": definition,
    // Helm reads files of its own chart only.
    "charts/cctelegram-operator/files/cctelegramdeployments.yaml": definition,
  };
}

if (import.meta.main) {
  for (const [path, content] of Object.entries(generatedFiles())) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
