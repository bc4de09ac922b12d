import { readFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "./cluster/wait.ts";
import { helm, type Target } from "./kubectl.ts";

const root = join(import.meta.dirname, "..");

export const operatorNamespace = "cctelegram-system";
export const telegramNamespace = "telegram";

/** A namespace in which Pod Security "restricted" is enforced. */
export const restrictedNamespace = (name: string) => `apiVersion: v1
kind: Namespace
metadata:
  name: ${name}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

/** Prefix of the image names "operator", "server" and "telegram" (default: "cctelegram/"), and their tag. */
export type Images = { readonly prefix?: string | undefined; readonly tag?: string | undefined };

export type Installation = Images & {
  readonly telegramApiUrl?: string;
  readonly values?: readonly string[];
};

/** Installs or upgrades the operator with its chart, and waits until it is ready. */
export async function installOperator(
  target: Target,
  { prefix, tag, telegramApiUrl, values = [] }: Installation,
): Promise<void> {
  await target.kubectl(["apply", "-f", "-"], { input: restrictedNamespace(operatorNamespace) });
  const set = [
    ...(prefix ? [`image.repository=${prefix}operator`, `serverImage.repository=${prefix}server`] : []),
    ...(tag ? [`image.tag=${tag}`, `serverImage.tag=${tag}`] : []),
    ...(telegramApiUrl ? [`telegram.apiUrl=${telegramApiUrl}`] : []),
    ...values,
  ];
  await helm(target, [
    "upgrade",
    "--install",
    "cctelegram-operator",
    join(root, "charts/cctelegram-operator"),
    "--namespace",
    operatorNamespace,
    ...set.flatMap((value) => ["--set", value]),
    "--wait",
    "--timeout=3m",
  ]);
}

/** Only the CustomResourceDefinitions, for an operator that runs outside the cluster. Resolves when they are served. */
export async function installDefinition({ kubectl }: Pick<Target, "kubectl">): Promise<void> {
  await kubectl(["apply", "--server-side", "-f", join(root, "crds")]);
  await Promise.all(
    ["cctelegramdeployments", "cctelegrambackups"].map((plural) => untilServed({ kubectl }, `${plural}.cctelegram.io`)),
  );
}

/** Waits until the API server serves a CustomResourceDefinition. */
export async function untilServed({ kubectl }: Pick<Target, "kubectl">, name: string): Promise<void> {
  const get = ["get", "crd", name, "-o", "json"];
  // `kubectl wait` and JSONPath fail for a CRD that has no conditions yet.
  const isServed = async () => {
    const { status } = JSON.parse(await kubectl(get)) as {
      status?: { conditions?: { type: string; status: string }[] };
    };
    return status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
  };
  await waitFor(isServed, { what: `${name} to be served`, timeoutMs: 30_000 });
}

/** The strict stand-in for Telegram, as a pod; returns its URL for pods. */
export async function installTelegram(
  { kubectl }: Target,
  { prefix = "cctelegram/", tag = "dev" }: Images = {},
): Promise<string> {
  const manifest = readFileSync(join(root, "e2e/telegram.yaml"), "utf8");
  await kubectl(["apply", "-f", "-"], {
    input: manifest.replace("cctelegram/telegram:dev", `${prefix}telegram:${tag}`),
  });
  await kubectl(["-n", telegramNamespace, "rollout", "status", "deployment/telegram", "--timeout=2m"]);
  return `http://telegram.${telegramNamespace}.svc:8081`;
}

/** Address of a Service, for programs outside the cluster that have a route into it. */
export async function clusterIP({ kubectl }: Target, namespace: string, service: string): Promise<string> {
  return kubectl(["-n", namespace, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}"]);
}
