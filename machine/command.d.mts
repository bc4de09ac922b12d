export type CommandOptions = {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of standard error as it arrives. */
  readonly onErrorLine?: (line: string) => void;
  /** Called with each line that the command writes to file descriptor 3. */
  readonly onStatusLine?: (line: string) => void;
  /** After so long it is told to end. */
  readonly timeoutMs?: number;
  /** For what starts processes of its own: it gets a process group, which is ended as a whole, and by us alone. */
  readonly group?: boolean;
  /** For what must not be killed in the middle: it is asked to end, and waited for. */
  readonly patient?: boolean;
};

export class CommandError extends Error {
  /** All that the command wrote. */
  readonly output: string;
}

export function run(command: string, args: readonly string[], options?: CommandOptions): Promise<string>;
export function endCommands(onWait?: (names: string) => void): Promise<void>;
