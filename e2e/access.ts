import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { program } from "./cluster/programs.ts";

export type Access = { readonly urls: readonly string[]; close(): Promise<void> };

type Port = { readonly namespace: string; readonly service: string; readonly port: number };

/** Makes Services reachable on loopback with `kubectl port-forward`; `scope` are the arguments that select the cluster. */
export async function openAccess(scope: readonly string[], ports: readonly Port[]): Promise<Access> {
  const kubectl = await program("kubectl");
  const forwards = await Promise.all(ports.map((port) => forward(kubectl, scope, port)));
  return {
    urls: forwards.map(({ url }) => url),
    close: async () => {
      await Promise.all(forwards.map(({ close }) => close()));
    },
  };
}

function forward(kubectl: string, scope: readonly string[], { namespace, service, port }: Port) {
  const args = [...scope, "-n", namespace, "port-forward", `service/${service}`, `:${port}`];
  const child = spawn(kubectl, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const close = () => {
    child.kill();
    return ended;
  };
  return new Promise<{ url: string; close: () => Promise<void> }>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const local = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (local) resolve({ url: `http://127.0.0.1:${local}`, close });
    });
    void ended.then(() => reject(new Error(`kubectl port-forward to ${service} ended before it was ready`)));
  });
}
