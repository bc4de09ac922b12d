import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { opens } from "../../../../e2e/port.ts";
import { eventually } from "./steps.ts";

const program = "/usr/sbin/nginx";

/** Of an HTTPRoute, what decides where a request goes. */
export type RouteRules = readonly {
  readonly matches: readonly { readonly path: { readonly type: string; readonly value: string } }[];
  readonly backendRefs: readonly { readonly name: string; readonly port: number }[];
}[];

export type NginxOptions = {
  readonly folder: string;
  readonly port: number;
  readonly certificate: { readonly key: string; readonly cert: string };
  readonly rules: RouteRules;
  /** Ports of this machine, by `SERVICE:PORT`. */
  readonly services: Readonly<Record<string, number>>;
};

/** A real nginx on loopback that leads requests where the rules of an HTTPRoute say; everything else is 404. */
export async function startNginx(options: NginxOptions): Promise<{ stop(): Promise<void> }> {
  if (!existsSync(program)) throw new Error("nginx is not installed: npm test installs it on Debian");
  const { folder, port } = options;
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(options));
  const child = spawn(program, ["-p", folder, "-c", file, "-e", "stderr"], { stdio: "inherit" });
  await eventually(async () => {
    if (!(await opens("127.0.0.1", port, 1_000))) throw new Error("nginx does not listen yet");
  });
  return { stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

function configuration({ folder, port, certificate: { key, cert }, rules, services }: NginxOptions): string {
  const locations = rules.flatMap(({ matches, backendRefs: [backend] }) => {
    const upstream = services[`${backend?.name}:${backend?.port}`];
    if (upstream === undefined) throw new Error(`there is no Service ${backend?.name} with port ${backend?.port}`);
    const pass = `{ proxy_pass http://127.0.0.1:${upstream}; }`;
    return matches.flatMap(({ path: { type, value } }) => [
      `location = ${value} ${pass}`,
      ...(type === "PathPrefix" ? [`location ^~ ${value}/ ${pass}`] : []),
    ]);
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path tmp_${name};`,
  );
  return `daemon off;
master_process off;
pid ${join(folder, "nginx.pid")};
events { worker_connections 64; }
http {
  access_log off;
  ${temporary.join("\n  ")}
  server {
    listen 127.0.0.1:${port} ssl;
    server_name localhost;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ${locations.join("\n    ")}
    location / { return 404; }
  }
}
`;
}
