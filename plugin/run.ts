import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { CommanderError } from "commander";
import { Api } from "./cluster/api.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { type KubeOptions, loadKubeConfig } from "./cluster/kubeconfig.ts";
import type { Dial } from "./cluster/port-forward.ts";
import type { Context } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { Files } from "./files.ts";
import { PluginError, problems } from "./problems.ts";
import { type Parsed, program } from "./program.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { version } from "./version.ts";

export type Effects = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly files: Files;
  /** How pods of the cluster of a kubeconfig are reached. */
  readonly dial: (kubeConfig: KubeConfig) => Dial;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};

/** Runs one command line, without the name of the program. Resolves with the exit code. */
export async function run(words: readonly string[], effects: Effects): Promise<ExitCode> {
  const { terminal } = effects;
  const opened: { cluster?: Cluster } = {};
  const onCommand = ({ command, input, common }: Parsed) => command.run(contextOf(effects, common, opened), input);
  const write = (say: (text: string) => void) => (text: string) => say(text.replace(/\n$/, ""));
  try {
    await program(onCommand, { out: write(terminal.print), err: write(terminal.tell) }).parseAsync(words, {
      from: "user",
    });
    return exitCodes.done;
  } catch (error) {
    return ended(error, effects);
  } finally {
    await opened.cluster?.api.close();
  }
}

function contextOf(
  effects: Effects,
  options: KubeOptions & { readonly namespace?: string },
  opened: { cluster?: Cluster },
): Context {
  const { terminal, files, now, signal } = effects;
  return {
    ...{ terminal, files, now, signal },
    cluster() {
      opened.cluster ??= clusterOf(effects, options);
      return opened.cluster;
    },
    sleep: (ms) =>
      sleep(ms, undefined, { signal }).catch(() => {
        throw problems.interrupted();
      }),
  };
}

function clusterOf(
  { env, dial, now, signal }: Effects,
  options: KubeOptions & { readonly namespace?: string },
): Cluster {
  const kubeConfig = loadKubeConfig(options, env);
  const context = kubeConfig.getContextObject(kubeConfig.getCurrentContext());
  return {
    api: new Api({ kubeConfig, userAgent: `kubectl-cctelegram/${version}`, signal }),
    namespace: options.namespace ?? context?.namespace ?? "default",
    dial: dial(kubeConfig),
    ...{ now, signal },
  };
}

/** Says what went wrong, and how the process ends. */
function ended(error: unknown, { terminal, env, signal }: Effects): ExitCode {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const problem = signal.aborted ? problems.interrupted() : error;
  if (problem instanceof PluginError) {
    terminal.tell(`error: ${problem.message}`);
    if (problem.hint !== undefined) terminal.tell(problem.hint);
    return problem.exitCode;
  }
  terminal.tell(`error: ${problem instanceof Error ? problem.message : String(problem)}`);
  if (env.CCTELEGRAM_DEBUG && problem instanceof Error) terminal.tell(problem.stack ?? "");
  return exitCodes.failed;
}
