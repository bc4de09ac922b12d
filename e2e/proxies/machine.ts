import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../machine/command.mjs";
import type { Cluster } from "../cluster/cluster.ts";
import { clusterFolders } from "../cluster/folders.ts";
import { Processes } from "../cluster/processes.ts";
import { type Clients, createProxyNetwork } from "./network.ts";

/** The placeholders in docs/proxies/. The machine resolves them, so that the files are used unchanged. */
export const hostname = "mcp.example.com";
const serviceName = "team-mcp-server.cctelegram.svc.cluster.local";

/**
 * A machine beside the nodes, with its own network, hosts file, certificates and folders: proxies have their usual ports and paths on
 * it, whatever else runs here. Taking the cluster down removes what a killed run left of it.
 */
export type Machine = {
  readonly address: string;
  readonly ipv6: string;
  readonly clients: Clients;
  /** Certificate to trust, PEM. */
  readonly caCert: string;
  /** Replaces the certificate by one with a key of this kind, for programs that start from now on. */
  readonly certify: (kind: KeyKind) => Promise<void>;
  /** Says where the name of the Service leads, for programs that start from now on. */
  readonly nameService: (address: string) => void;
  /** Forwards port 8080 of an address to a port of the machine that runs the tests. */
  readonly redirect: (address: string, port: number) => Promise<void>;
  /** Writes a file to one of the machine's folders. */
  readonly write: (path: string, text: string) => void;
  readonly read: (path: string) => string;
  readonly start: (command: string, args: readonly string[]) => void;
  /** Runs a command and waits for its end. */
  readonly run: (command: string, args: readonly string[]) => Promise<string>;
  /** With SIGKILL, together with every process that it started. */
  readonly kill: (command: string) => Promise<void>;
  /** Output of a program. */
  readonly output: (command: string) => string;
  readonly remove: () => Promise<void>;
};

export type KeyKind = keyof typeof keyKinds;

const keyKinds = {
  ECDSA: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  RSA: ["rsa:2048"],
} as const;

/** Folders of the machine, by where its programs see them. */
const folders = ["/etc/nginx", "/etc/haproxy", "/etc/ssl/private", "/etc/ssl/certs", "/var/log/nginx"];

/** Mounts the machine's folders, which are below `$0`, over the real ones for a program. */
const entrance = [
  "set -e",
  ...[...folders, "/etc/hosts"].map((path) => `mount --bind "$0${path}" ${path}`),
  "mount -t tmpfs tmpfs /run && mkdir /run/haproxy && cd /",
  // The shell stays, as the first process of the namespace: a process that changes its user, as proxies do, outlives `unshare`.
  '"$@"; exit $?',
].join("\n");

export async function createMachine(cluster: Cluster): Promise<Machine> {
  const places = clusterFolders(cluster.name);
  const root = join(places.root, "proxies");
  rmSync(root, { recursive: true, force: true });
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const nameService = (address: string) => write("/etc/hosts", `127.0.0.1 localhost\n${address} ${serviceName}\n`);
  nameService("127.0.0.1");
  await makeCertificate(root, "ECDSA");
  const network = await createProxyNetwork(cluster);
  const processes = new Processes(places.processes, places.logs);
  const entering = (command: string, args: readonly string[]) => ["sh", "-c", entrance, root, command, ...args];
  const { namespace } = network;
  const runInside: Machine["run"] = (command, args) =>
    run("nsenter", [`--net=/run/netns/${namespace}`, "unshare", "--mount", ...entering(command, args)]);
  return {
    ...network,
    get caCert() {
      return read(`/etc/ssl/certs/${hostname}.crt`);
    },
    certify: (kind) => makeCertificate(root, kind),
    nameService,
    write,
    read,
    start: (name, args) => {
      // In a PID namespace: when its first process ends, all end, also the workers of a master process.
      const isolated = ["--mount", "--pid", "--fork", "--kill-child", ...entering(name, args)];
      processes.start({ name, command: "unshare", args: isolated, namespace });
    },
    run: runInside,
    redirect: async (address, port) => {
      const to = ["-j", "DNAT", "--to-destination", `${network.clients.inside}:${port}`];
      await runInside("iptables", ["-t", "nat", "-F", "OUTPUT"]);
      await runInside("iptables", ["-t", "nat", "-A", "OUTPUT", "-d", address, "-p", "tcp", "--dport", "8080", ...to]);
    },
    kill: (name) => processes.kill(name),
    output: (name) => readFileSync(processes.log(name), "utf8"),
    remove: async () => {
      const own = processes.list().filter((record) => record.namespace === namespace);
      for (const { name } of own) {
        await processes.kill(name);
        processes.forget(name);
      }
      await network.remove();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A certificate that signs itself, in the files that nginx and HAProxy read. */
async function makeCertificate(root: string, kind: KeyKind): Promise<void> {
  const key = join(root, `/etc/ssl/private/${hostname}.key`);
  const certificate = join(root, `/etc/ssl/certs/${hostname}.crt`);
  const made = ["-newkey", ...keyKinds[kind], "-nodes", "-days", "2"];
  const names = ["-subj", `/CN=${hostname}`, "-addext", `subjectAltName=DNS:${hostname}`];
  await run("openssl", ["req", "-x509", ...made, ...names, "-keyout", key, "-out", certificate]);
  const both = [certificate, key].map((file) => readFileSync(file, "utf8")).join("");
  writeFileSync(join(root, `/etc/ssl/private/${hostname}.pem`), both, { mode: 0o600 });
}
