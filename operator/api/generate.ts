import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { dump } from "js-yaml";
import { backupDefinition } from "./backup-definition.ts";
import { customResourceDefinition } from "./custom-resource-definition.ts";

/** The generated files of the API, by path from the root of the project. */
export function generatedFiles(): Record<string, string> {
  return Object.assign({}, ...[customResourceDefinition(), backupDefinition()].map(filesOf));
}

function filesOf(definition: {
  readonly spec: { readonly group: string; readonly names: { readonly plural: string } };
}) {
  const { group, names } = definition.spec;
  const text = `# Generated from operator/api by "npm run generate"; do not edit.\n${dump(definition, { noRefs: true, lineWidth: 120 })}`;
  return {
    [`crds/${group}_${names.plural}.yaml`]: text,
    // Helm reads files of its own chart only.
    [`charts/cctelegram-operator/files/${names.plural}.yaml`]: text,
  };
}

if (import.meta.main) {
  for (const [path, content] of Object.entries(generatedFiles())) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
