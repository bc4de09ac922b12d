import type { Durations } from "./durations.mjs";

export type StepControl = {
  /** Text shown after the step's name while it runs. */
  readonly update: (detail: string) => void;
  /** Share of the step that is done, from 0 to 1; without it the estimate uses the earlier duration only. */
  readonly reached: (share: number, detail?: string) => void;
  /** Marks the step as answered from a cache. */
  readonly cached: () => void;
};

export type Progress = {
  readonly step: <T>(name: string, work: (control: StepControl) => Promise<T>) => Promise<T>;
  /** Writes a text of one or more lines between the lines of the steps. */
  readonly note: (text: string) => void;
  /** From now on a failing step was stopped, and its line says "stopped". */
  readonly stopping: () => void;
};

export type ProgressOptions = {
  readonly stream?: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly now?: () => number;
  readonly env?: NodeJS.ProcessEnv;
  readonly durations?: Durations;
};

export function createProgress(options?: ProgressOptions): Progress;
export const progress: Progress;

/** Writes nothing. */
export const silent: Progress;
