/** The programs of the local cluster: the Go module from which each is compiled, and the official release that contains it. */

export type Architecture = "amd64" | "arm64";

type At = { readonly version: string; readonly arch: Architecture };

/** A file of a release site. Its path begins with the site's name, as in a mirror. */
type Release = {
  /** The required Go module whose version is that of the release. */
  readonly versionOf: string;
  readonly path: (at: At) => string;
  /** Path of the program in the archive. Default: the file itself is the program. */
  readonly member?: (at: At) => string;
  /** Where the site publishes the file's checksum; read by `npm run pin-releases`. */
  readonly checksum: (at: At) => string;
};

export type Program = {
  /** Folder below binaries/ with the go.mod. */
  readonly module: GoModule;
  readonly package: string;
  /** Official releases are for Linux only; some projects publish only images. */
  readonly release?: Release;
};

/** Folders below binaries/, by the names that progress lines show. */
export const goModules = {
  kubernetes: "Kubernetes",
  etcd: "etcd",
  gitops: "verdicts of GitOps tools",
  kind: "kind",
} as const;

export type GoModule = keyof typeof goModules;

const kubernetes = (name: string): Program => ({
  module: "kubernetes",
  package: `k8s.io/kubernetes/cmd/${name}`,
  release: {
    versionOf: "k8s.io/kubernetes",
    path: ({ version, arch }) => `dl.k8s.io/release/${version}/bin/linux/${arch}/${name}`,
    checksum: ({ version, arch }) => `dl.k8s.io/release/${version}/bin/linux/${arch}/${name}.sha256`,
  },
});

/** Assets of a release on GitHub. */
const github = (repository: string, version: string, file: string) =>
  `github.com/${repository}/releases/download/${version}/${file}`;

/** v2.3.7 is 2.3.7 in names of files. */
const number = (version: string) => version.replace(/^v/, "");

const containerd = (name: string): Program => {
  const path = ({ version, arch }: At) =>
    github("containerd/containerd", version, `containerd-static-${number(version)}-linux-${arch}.tar.gz`);
  return {
    module: "kubernetes",
    package: `github.com/containerd/containerd/v2/cmd/${name}`,
    release: {
      versionOf: "github.com/containerd/containerd/v2",
      path,
      member: () => `bin/${name}`,
      checksum: (at) => `${path(at)}.sha256sum`,
    },
  };
};

const etcdFolder = ({ version, arch }: At) => `etcd-${version}-linux-${arch}`;

const helmPath = ({ version, arch }: At) => `get.helm.sh/helm-${version}-linux-${arch}.tar.gz`;

const coreDnsPath = ({ version, arch }: At) =>
  github("coredns/coredns", version, `coredns_${number(version)}_linux_${arch}.tgz`);

const kindPath = ({ version, arch }: At) => github("kubernetes-sigs/kind", version, `kind-linux-${arch}`);

const table = {
  "kube-apiserver": kubernetes("kube-apiserver"),
  "kube-controller-manager": kubernetes("kube-controller-manager"),
  "kube-scheduler": kubernetes("kube-scheduler"),
  "kube-proxy": kubernetes("kube-proxy"),
  kubelet: kubernetes("kubelet"),
  kubectl: kubernetes("kubectl"),
  containerd: containerd("containerd"),
  "containerd-shim-runc-v2": containerd("containerd-shim-runc-v2"),
  ctr: containerd("ctr"),
  coredns: {
    module: "kubernetes",
    package: "cctelegram.io/e2e/cluster/kubernetes/coredns",
    release: {
      versionOf: "github.com/coredns/coredns",
      path: coreDnsPath,
      member: () => "coredns",
      checksum: (at) => `${coreDnsPath(at)}.sha256`,
    },
  },
  "metrics-server": { module: "kubernetes", package: "sigs.k8s.io/metrics-server/cmd/metrics-server" },
  etcd: {
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    release: {
      versionOf: "go.etcd.io/etcd/server/v3",
      path: (at) => github("etcd-io/etcd", at.version, `${etcdFolder(at)}.tar.gz`),
      member: (at) => `${etcdFolder(at)}/etcd`,
      checksum: ({ version }) => github("etcd-io/etcd", version, "SHA256SUMS"),
    },
  },
  helm: {
    module: "kubernetes",
    package: "helm.sh/helm/v4/cmd/helm",
    release: {
      versionOf: "helm.sh/helm/v4",
      path: helmPath,
      member: ({ arch }) => `linux-${arch}/helm`,
      checksum: (at) => `${helmPath(at)}.sha256sum`,
    },
  },
  kind: {
    module: "kind",
    package: "sigs.k8s.io/kind",
    release: {
      versionOf: "sigs.k8s.io/kind",
      path: kindPath,
      checksum: (at) => `${kindPath(at)}.sha256sum`,
    },
  },
  "kube-network-policies": { module: "kubernetes", package: "sigs.k8s.io/kube-network-policies/cmd" },
  gitops: { module: "gitops", package: "cctelegram.io/e2e/cluster/gitops" },
} satisfies Readonly<Record<string, Program>>;

export type ProgramName = keyof typeof table;

export const programTable: Readonly<Record<ProgramName, Program>> = table;

export const programNames = Object.keys(table) as ProgramName[];

export const controlPlanePrograms = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kubectl",
] as const satisfies readonly ProgramName[];

/** Needed only by some features. */
const extras: readonly ProgramName[] = ["gitops", "helm", "kind"];

/** The programs of a cluster with nodes. */
export const nodePrograms: readonly ProgramName[] = programNames.filter((name) => !extras.includes(name));
