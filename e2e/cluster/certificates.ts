import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../machine/command.mjs";

/** A certificate of the cluster: `FILE.crt` and `FILE.key` in the PKI folder. */
export type Certificate = {
  readonly file: string;
  /** Kubernetes reads this as the user's name. */
  readonly commonName: string;
  /** Kubernetes reads this as the user's group. */
  readonly organization?: string;
  readonly authority?: Authority;
  /** Host names and addresses, for certificates that a server shows. */
  readonly hosts?: readonly string[];
};

type Authority = "ca" | "front-proxy-ca";

const AUTHORITIES: readonly Authority[] = ["ca", "front-proxy-ca"];
const DAYS = "365";

/** What the control plane needs. */
export function controlPlaneCertificates(hosts: readonly string[]): readonly Certificate[] {
  const service = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const system = (file: string): Certificate => ({ file, commonName: `system:${file}` });
  return [
    { file: "etcd", commonName: "etcd", hosts: ["localhost", "127.0.0.1"] },
    { file: "kube-apiserver-etcd-client", commonName: "kube-apiserver" },
    { file: "kube-apiserver", commonName: "kube-apiserver", hosts: [...service, "localhost", "127.0.0.1", ...hosts] },
    { file: "kube-apiserver-kubelet-client", commonName: "kube-apiserver", organization: "system:masters" },
    { file: "front-proxy-client", commonName: "front-proxy-client", authority: "front-proxy-ca" },
    { file: "admin", commonName: "admin", organization: "system:masters" },
    system("kube-controller-manager"),
    system("kube-scheduler"),
  ];
}

/** What the nodes and the add-ons need. */
export function nodeCertificates(nodes: readonly { name: string; address: string }[]): readonly Certificate[] {
  const perNode = nodes.flatMap(({ name, address }): Certificate[] => [
    { file: `kubelet-${name}`, commonName: `system:node:${name}`, organization: "system:nodes" },
    { file: `kubelet-serving-${name}`, commonName: name, hosts: [name, address] },
  ]);
  return [
    ...perNode,
    { file: "kube-proxy", commonName: "system:kube-proxy" },
    { file: "coredns", commonName: "coredns" },
    { file: "metrics-server", commonName: "metrics-server" },
    {
      file: "metrics-server-serving",
      commonName: "metrics-server",
      hosts: ["metrics-server.kube-system.svc", ...nodes.slice(0, 1).map(({ address }) => address)],
    },
    { file: "local-provisioner", commonName: "local-provisioner" },
  ];
}

/** Sections of an openssl configuration, one for the authorities and one for each certificate. */
function opensslConfiguration(certificates: readonly Certificate[]): string {
  const head = "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = unused\n";
  const authority =
    "[authority]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n" +
    "subjectKeyIdentifier = hash\n";
  return head + authority + certificates.map(section).join("");
}

function section({ file, hosts = [] }: Certificate): string {
  const names = hosts.map((host) => `${/^[\d.]+$/.test(host) ? "IP" : "DNS"}:${host}`);
  return [
    `[${file}]`,
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    // The API server's and etcd's peers are clients as well.
    `extendedKeyUsage = clientAuth${hosts.length > 0 ? ", serverAuth" : ""}`,
    "authorityKeyIdentifier = keyid",
    ...(names.length > 0 ? [`subjectAltName = ${names.join(", ")}`] : []),
    "",
  ].join("\n");
}

/** One shell script signs all: Node can generate keys but not sign certificates. */
function signingScript(certificates: readonly Certificate[]): string {
  const authorities = AUTHORITIES.map(
    (name) =>
      `openssl req -x509 -new -key ${name}.key -config openssl.cnf -extensions authority -subj /CN=${name} ` +
      `-days ${DAYS} -out ${name}.crt`,
  );
  const leaves = certificates.map(({ file, commonName, organization, authority = "ca" }, index) => {
    const subject = `${organization === undefined ? "" : `/O=${organization}`}/CN=${commonName}`;
    return (
      `openssl req -new -key ${file}.key -config openssl.cnf -subj ${subject} | openssl x509 -req ` +
      `-CA ${authority}.crt -CAkey ${authority}.key -set_serial ${index + 1} -days ${DAYS} ` +
      `-extfile openssl.cnf -extensions ${file} -out ${file}.crt`
    );
  });
  return ["set -eu", "umask 077", ...authorities, ...leaves].join("\n");
}

function writeKey(folder: string, file: string): void {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(join(folder, `${file}.key`), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  if (file !== "service-accounts") return;
  writeFileSync(join(folder, `${file}.pub`), publicKey.export({ type: "spki", format: "pem" }));
}

/** Creates the cluster's authorities, certificates and the key that signs service account tokens. Needs openssl. */
export async function makeCertificates(folder: string, certificates: readonly Certificate[]): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const file of [...AUTHORITIES, ...certificates.map((certificate) => certificate.file), "service-accounts"]) {
    writeKey(folder, file);
  }
  writeFileSync(join(folder, "openssl.cnf"), opensslConfiguration(certificates));
  await run("sh", ["-s"], { cwd: folder, input: signingScript(certificates) });
}
