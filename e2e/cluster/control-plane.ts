import { join } from "node:path";
import type { ProcessSpec } from "./processes.ts";
import type { PathOf } from "./programs.ts";

export type ControlPlaneOptions = {
  readonly programs: PathOf;
  readonly pki: string;
  /** Folder with `NAME.kubeconfig` of each component. */
  readonly kubeconfigs: string;
  readonly etcdFolder: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
  /** Address and port for clients. */
  readonly address: string;
  readonly ports: { readonly api: number; readonly etcd: number; readonly etcdPeer: number };
  readonly services: string;
  /** Set when the cluster has nodes: the namespace that everything runs in. */
  readonly namespace?: string;
};

/** Logs every answered request once (a watch also when it opens): enough to count who requested what. */
export const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  omitManagedFields: true,
  rules: [{ level: "Metadata" }],
} as const;

type Flags = Readonly<Record<string, string | number | boolean>>;

export function flags(values: Flags): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

export function etcd({ programs, pki, etcdFolder, ports, namespace }: ControlPlaneOptions): ProcessSpec {
  const client = `https://127.0.0.1:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports.etcdPeer}`;
  const certificate = join(pki, "etcd.crt");
  const key = join(pki, "etcd.key");
  const authority = join(pki, "ca.crt");
  return {
    name: "etcd",
    command: programs("etcd"),
    ...(namespace === undefined ? {} : { namespace }),
    args: flags({
      name: "default",
      "data-dir": etcdFolder,
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": `default=${peer}`,
      "cert-file": certificate,
      "key-file": key,
      "trusted-ca-file": authority,
      "client-cert-auth": true,
      "peer-cert-file": certificate,
      "peer-key-file": key,
      "peer-trusted-ca-file": authority,
      "peer-client-cert-auth": true,
      // The data of a test cluster need not survive a power cut.
      "unsafe-no-fsync": true,
      "log-level": "warn",
    }),
  };
}

export function apiServer(options: ControlPlaneOptions): ProcessSpec {
  const { programs, pki, ports, namespace, address } = options;
  const hasNodes = namespace !== undefined;
  const file = (name: string) => join(pki, name);
  return {
    name: "kube-apiserver",
    command: programs("kube-apiserver"),
    ...(hasNodes ? { namespace } : {}),
    args: flags({
      "etcd-servers": `https://127.0.0.1:${ports.etcd}`,
      "etcd-cafile": file("ca.crt"),
      "etcd-certfile": file("kube-apiserver-etcd-client.crt"),
      "etcd-keyfile": file("kube-apiserver-etcd-client.key"),
      "bind-address": hasNodes ? "0.0.0.0" : address,
      "advertise-address": address,
      "secure-port": ports.api,
      // Without nodes the address is a loopback one, which Endpoints may not contain.
      "endpoint-reconciler-type": hasNodes ? "lease" : "none",
      "service-cluster-ip-range": options.services,
      "tls-cert-file": file("kube-apiserver.crt"),
      "tls-private-key-file": file("kube-apiserver.key"),
      "client-ca-file": file("ca.crt"),
      "authorization-mode": "Node,RBAC",
      "enable-admission-plugins": "NodeRestriction",
      "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
      "service-account-key-file": file("service-accounts.pub"),
      "service-account-signing-key-file": file("service-accounts.key"),
      "kubelet-client-certificate": file("kube-apiserver-kubelet-client.crt"),
      "kubelet-client-key": file("kube-apiserver-kubelet-client.key"),
      "kubelet-certificate-authority": file("ca.crt"),
      "kubelet-preferred-address-types": "InternalIP",
      "requestheader-client-ca-file": file("front-proxy-ca.crt"),
      "requestheader-allowed-names": "front-proxy-client",
      "requestheader-extra-headers-prefix": "X-Remote-Extra-",
      "requestheader-group-headers": "X-Remote-Group",
      "requestheader-username-headers": "X-Remote-User",
      "proxy-client-cert-file": file("front-proxy-client.crt"),
      "proxy-client-key-file": file("front-proxy-client.key"),
      // Without nodes a Service that an APIService names can only be the name of a host.
      "enable-aggregator-routing": hasNodes,
      "audit-policy-file": options.auditPolicy,
      "audit-log-path": options.auditLog,
      // A rotated log would make a count of requests wrong.
      "audit-log-maxsize": 8192,
      "shutdown-delay-duration": "0s",
    }),
  };
}

/** Higher limits: otherwise tests with thousands of objects wait for the controllers instead of for what they test. */
export const controllerRates = { "kube-api-qps": 300, "kube-api-burst": 600 };

export function controllerManager(options: ControlPlaneOptions): ProcessSpec {
  const { programs, pki, kubeconfigs, namespace } = options;
  return {
    name: "kube-controller-manager",
    command: programs("kube-controller-manager"),
    ...(namespace === undefined ? {} : { namespace }),
    args: flags({
      kubeconfig: join(kubeconfigs, "kube-controller-manager.kubeconfig"),
      "leader-elect": false,
      "secure-port": 0,
      "use-service-account-credentials": true,
      "service-account-private-key-file": join(pki, "service-accounts.key"),
      "root-ca-file": join(pki, "ca.crt"),
      "cluster-signing-cert-file": join(pki, "ca.crt"),
      "cluster-signing-key-file": join(pki, "ca.key"),
      ...controllerRates,
      "horizontal-pod-autoscaler-sync-period": "5s",
    }),
  };
}

export function scheduler({ programs, kubeconfigs, namespace }: ControlPlaneOptions): ProcessSpec {
  return {
    name: "kube-scheduler",
    command: programs("kube-scheduler"),
    ...(namespace === undefined ? {} : { namespace }),
    args: flags({
      kubeconfig: join(kubeconfigs, "kube-scheduler.kubeconfig"),
      "leader-elect": false,
      "secure-port": 0,
    }),
  };
}
