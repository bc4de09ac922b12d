import { connect, type Socket } from "node:net";
import type { Dial } from "../../../plugin/cluster/port-forward.ts";
import { type Files, filesIn } from "../../../plugin/files.ts";
import { run } from "../../../plugin/run.ts";
import { processTerminal } from "../../../plugin/terminal/process-terminal.ts";

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type CommandLine = {
  readonly env?: Readonly<Record<string, string>>;
  /** Where each port of a pod is on this machine. */
  readonly ports?: Readonly<Record<number, string>>;
  readonly folder?: string;
  readonly files?: Files;
  readonly signal?: AbortSignal;
  /** Both streams are a terminal, on which nobody answers. */
  readonly isTerminal?: true;
};

/** Runs one command line in this process, as the program does. */
export async function runPlugin(words: readonly string[], given: CommandLine = {}): Promise<Ended> {
  const { env = {}, ports = {}, folder = ".", files = filesIn(folder), signal = new AbortController().signal } = given;
  const [out, err] = [collector(given.isTerminal === true), collector(given.isTerminal === true)];
  const terminal = processTerminal({ stdin: { isTTY: false }, stdout: out, stderr: err, env, signal });
  const code = await run(words, { env, terminal, files, signal, now: Date.now, dial: () => dialling(ports) });
  return { code, stdout: out.text(), stderr: err.text() };
}

/** Instead of a node, which the control plane of the tests does not have. */
const dialling =
  (ports: Readonly<Record<number, string>>): Dial =>
  ({ port }) => {
    const { hostname, port: own } = new URL(ports[port] ?? "http://127.0.0.1:1");
    const socket = connect({ host: hostname, port: Number(own) });
    return new Promise<Socket>((resolve, reject) => {
      socket.once("connect", () => resolve(socket));
      socket.once("error", reject);
    });
  };

function collector(isTTY: boolean) {
  let text = "";
  return {
    isTTY,
    text: () => text,
    write(chunk: string | Uint8Array) {
      text += String(chunk);
      return true;
    },
  };
}
