import { copyFile, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cached, cacheKey } from "../../machine/cache.ts";
import { run } from "../../machine/command.mjs";
import { requiredVersion } from "./go-module.ts";

export type Definitions = {
  /** Folder below binaries/ whose go.mod requires the module and whose go.sum has its hash. */
  readonly folder: string;
  readonly module: string;
  /** Paths in the module. */
  readonly files: readonly string[];
};

/** Argo CD's CRDs, of the version whose code the tests run. */
export const argoDefinitions: Definitions = {
  folder: "gitops",
  module: "github.com/argoproj/argo-cd/v3",
  files: ["manifests/crds/application-crd.yaml", "manifests/crds/appproject-crd.yaml"],
};

/** The Gateway API's CRDs that we use. */
export const gatewayDefinitions: Definitions = {
  folder: "gateway-api",
  module: "sigs.k8s.io/gateway-api",
  files: ["gatewayclasses", "gateways", "httproutes"].map(
    (plural) => `config/crd/standard/gateway.networking.k8s.io_${plural}.yaml`,
  ),
};

/** KEDA's CRD of what the operator makes for it. */
export const kedaDefinitions: Definitions = {
  folder: "keda",
  module: "github.com/kedacore/keda/v2",
  files: ["config/crd/bases/keda.sh_scaledobjects.yaml"],
};

/**
 * Paths of CRD files in the Go module of their project. Needs the network the first time; the downloaded
 * module must have the hash in go.sum.
 */
export async function definitionFiles({ folder, module, files }: Definitions): Promise<string[]> {
  const source = join(import.meta.dirname, "binaries", folder);
  const version = await requiredVersion(folder, module);
  const sums = (await readFile(join(source, "go.sum"), "utf8")).split("\n");
  const { folder: found } = await cached({
    kind: `definitions/${folder}`,
    key: cacheKey([module, version, ...files]),
    build: async (target) => {
      const answer = await run("go", ["mod", "download", "-json", `${module}@${version}`], { cwd: source });
      const { Dir, Sum } = JSON.parse(answer) as { Dir: string; Sum: string };
      if (!sums.includes(`${module} ${version} ${Sum}`))
        throw new Error(`${module} ${version} has the hash ${Sum}, which is not that of ${source}/go.sum`);
      for (const file of files) await copyFile(join(Dir, file), join(target, basename(file)));
    },
  });
  return files.map((file) => join(found, basename(file)));
}
