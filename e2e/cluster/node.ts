import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cgroupOf, createCgroup } from "./cgroups.ts";
import { flags } from "./control-plane.ts";
import type { NodeFolders } from "./folders.ts";
import { namespaceOf } from "./network.ts";
import type { ProcessSpec } from "./processes.ts";
import type { PathOf } from "./programs.ts";
import type { Subnets } from "./subnets.ts";

export const PAUSE_IMAGE = "docker.io/cctelegram/pause:1";
const CNI_PLUGINS = "/usr/lib/cni";

export type NodeOptions = {
  /** Of the cluster: see `Folders`. */
  readonly id: string;
  readonly node: number;
  readonly folders: NodeFolders;
  readonly pki: string;
  /** Folder with `NAME.kubeconfig` of each component. */
  readonly kubeconfigs: string;
  readonly subnets: Subnets;
  readonly programs: PathOf;
};

export function nodeName(node: number): string {
  return `node-${node}`;
}

/** Files, folders and the cgroup that the node's programs need before they start. */
export function prepareNode(options: NodeOptions): void {
  const { id, node, folders, subnets } = options;
  const configuration = {
    "cni/10-pods.conflist": cniConfiguration(options),
    "kubelet.json": kubeletConfiguration(options),
    "kube-proxy.json": kubeProxyConfiguration(options),
  };
  for (const folder of [folders.containerd, folders.cni, folders.kubelet, folders.volumes]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const [file, content] of Object.entries(configuration)) {
    writeFileSync(join(folders.root, file), JSON.stringify(content, null, 2));
  }
  writeFileSync(join(folders.root, "containerd.toml"), containerdConfiguration(folders));
  // The machine's own file has name servers that cannot be reached from here.
  writeFileSync(join(folders.root, "resolv.conf"), `nameserver ${subnets.node(1)}\n`);
  createCgroup(cgroupOf(id, node));
}

/** Point-to-point links: every packet is routed, so that Services work without the br_netfilter kernel module. */
function cniConfiguration({ folders, subnets, node }: NodeOptions): unknown {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: join(folders.root, "addresses"),
          ranges: [[{ subnet: subnets.podsOf(node) }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

function containerdConfiguration(folders: NodeFolders): string {
  const text = JSON.stringify;
  return `version = 3
root = ${text(folders.containerd)}
state = ${text(join(folders.root, "run"))}
# The machine may lack CAP_SYS_RESOURCE, without which scores cannot be lowered.
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing"]

[grpc]
address = ${text(folders.socket)}

[ttrpc]
address = ${text(`${folders.socket}.ttrpc`)}

[plugins.'io.containerd.cri.v1.images']
snapshotter = "overlayfs"

[plugins.'io.containerd.cri.v1.images'.registry]
config_path = ${text(registriesOf(folders))}

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = ${text(PAUSE_IMAGE)}

[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = [${text(CNI_PLUGINS)}]
conf_dir = ${text(folders.cni)}

[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = "runc"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
Root = ${text(join(folders.root, "runc"))}
SystemdCgroup = false
`;
}

const registriesOf = (folders: NodeFolders) => join(folders.root, "registries");

/** Has a node pull from a registry (HOST:PORT) by plain HTTP. It counts from the next pull on. */
export function pullPlainly(folders: NodeFolders, registry: string): void {
  const folder = join(registriesOf(folders), registry);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "hosts.toml"), `server = ${JSON.stringify(`http://${registry}`)}\n`);
}

function kubeletConfiguration({ id, node, folders, pki, subnets }: NodeOptions): unknown {
  const serving = join(pki, `kubelet-serving-${nodeName(node)}`);
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: subnets.node(node),
    readOnlyPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pki, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: `${serving}.crt`,
    tlsPrivateKeyFile: `${serving}.key`,
    clusterDNS: [subnets.node(1)],
    clusterDomain: "cluster.local",
    resolvConf: join(folders.root, "resolv.conf"),
    containerRuntimeEndpoint: `unix://${folders.socket}`,
    podLogsDir: join(folders.root, "pod-logs"),
    volumePluginDir: join(folders.root, "plugins"),
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupOf(id, node),
    failCgroupV1: false,
    failSwapOn: false,
    serializeImagePulls: false,
    // A full disk of the machine is no reason to evict what is tested.
    evictionHard: {
      "memory.available": "50Mi",
      "nodefs.available": "1%",
      "imagefs.available": "1%",
      "nodefs.inodesFree": "1%",
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  };
}

function kubeProxyConfiguration({ node, kubeconfigs, subnets }: NodeOptions): unknown {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    hostnameOverride: nodeName(node),
    clusterCIDR: subnets.pods,
    clientConnection: { kubeconfig: join(kubeconfigs, "kube-proxy.kubeconfig") },
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    // The size of the conntrack table is a setting of the machine and cannot be changed from a namespace.
    conntrack: { maxPerCore: 0, min: 0 },
  };
}

export function containerd({ id, node, folders, programs }: NodeOptions): ProcessSpec {
  return {
    name: `containerd-${node}`,
    command: programs("containerd"),
    args: ["--config", join(folders.root, "containerd.toml"), "--log-level", "warn"],
    path: [dirname(programs("containerd-shim-runc-v2"))],
    namespace: namespaceOf(id, node),
  };
}

export function kubelet({ id, node, folders, kubeconfigs, subnets, programs }: NodeOptions): ProcessSpec {
  return {
    name: `kubelet-${node}`,
    command: programs("kubelet"),
    args: flags({
      config: join(folders.root, "kubelet.json"),
      kubeconfig: join(kubeconfigs, `kubelet-${nodeName(node)}.kubeconfig`),
      "hostname-override": nodeName(node),
      "node-ip": subnets.node(node),
      "root-dir": folders.kubelet,
      "cert-dir": join(folders.kubelet, "pki"),
    }),
    namespace: namespaceOf(id, node),
  };
}

export function kubeProxy({ id, node, folders, programs }: NodeOptions): ProcessSpec {
  return {
    name: `kube-proxy-${node}`,
    command: programs("kube-proxy"),
    args: flags({ config: join(folders.root, "kube-proxy.json") }),
    namespace: namespaceOf(id, node),
  };
}
