import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../cluster/wait.ts";
import { opens } from "../port.ts";
import type { Machine } from "./machine.ts";

type Edit = (text: string) => string;

const unchanged: Edit = (text) => text;

/** A proxy with its file of docs/proxies/. */
export type ReverseProxy = {
  readonly name: "nginx" | "haproxy";
  /** Requests to /tools that one address may make at once. */
  readonly limit: number;
  /** Seconds after which a refused client may call again. */
  readonly retryAfter: string;
  /** Writes its file, unchanged unless `edit` says otherwise. */
  readonly configure: (machine: Machine, edit?: Edit) => void;
  readonly args: readonly string[];
  readonly check: readonly string[];
};

const file = (name: string) => readFileSync(join(import.meta.dirname, "../../docs/proxies", name), "utf8");

/** Like Debian's, which allows old versions of TLS for sites that set nothing. */
const nginxMain = `user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log stderr;
events { worker_connections 768; }
http {
  ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
  access_log /var/log/nginx/access.log;
  gzip on;
  include /etc/nginx/conf.d/*.conf;
}
`;

const nginx: ReverseProxy = {
  name: "nginx",
  limit: 11,
  retryAfter: "2",
  configure: ({ write }, edit = unchanged) => {
    write("/etc/nginx/nginx.conf", nginxMain);
    write("/etc/nginx/conf.d/cctelegram.conf", edit(file("nginx.conf")));
  },
  args: ["-g", "daemon off;"],
  check: ["-t"],
};

const haproxy: ReverseProxy = {
  name: "haproxy",
  limit: 20,
  retryAfter: "10",
  configure: ({ write }, edit = unchanged) => write("/etc/haproxy/haproxy.cfg", edit(file("haproxy.cfg"))),
  args: ["-db", "-f", "/etc/haproxy/haproxy.cfg"],
  check: ["-c", "-f", "/etc/haproxy/haproxy.cfg"],
};

export const proxies = [nginx, haproxy];

/** Another port than 443 needs an edited file that says so. */
type Starting = { readonly edit?: Edit; readonly port?: number };

/** Starts a proxy in front of an address, and resolves when it accepts connections. */
export async function startProxy(
  machine: Machine,
  proxy: ReverseProxy,
  service: string,
  { edit = unchanged, port = 443 }: Starting = {},
): Promise<void> {
  const { name, args } = proxy;
  if (!existsSync(`/usr/sbin/${name}`)) throw new Error(`${name} is not installed: npm test installs it on Debian`);
  machine.nameService(service);
  proxy.configure(machine, edit);
  machine.start(name, args);
  await waitFor(() => opens(machine.address, port, 1_000), { what: `${name} to listen`, timeoutMs: 10_000 }).catch(
    (error) => {
      throw new Error(`${error.message}; it said:\n${machine.output(name)}`);
    },
  );
}

/** Kills a proxy, and resolves when its port is free. */
export async function killProxy(machine: Machine, { name }: ReverseProxy, port = 443): Promise<void> {
  await machine.kill(name);
  await waitFor(async () => !(await opens(machine.address, port, 1_000)), {
    what: `${name} to be gone`,
    timeoutMs: 10_000,
  });
}
