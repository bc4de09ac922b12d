export type CommandOptions = {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of standard error as it arrives. */
  readonly onErrorLine?: (line: string) => void;
  /** Called with each line that the command writes to file descriptor 3. */
  readonly onStatusLine?: (line: string) => void;
  /** Timeout, after which the command is told to stop. */
  readonly timeoutMs?: number;
  /** For a command that starts processes: it gets a process group, which is signalled as a whole, and only by us. */
  readonly group?: boolean;
  /** For a command that must not be interrupted: it is told to stop, and waited for. */
  readonly patient?: boolean;
};

export class CommandError extends Error {
  /** The whole output of the command. */
  readonly output: string;
}

export function run(command: string, args: readonly string[], options?: CommandOptions): Promise<string>;
export function endCommands(onWait?: (names: string) => void): Promise<void>;
