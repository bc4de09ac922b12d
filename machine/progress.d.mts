export type StepControl = {
  /** Text shown behind the step's name while it runs. */
  readonly update: (detail: string) => void;
  /** Marks the step as answered from a cache. */
  readonly cached: () => void;
};

export type Progress = {
  readonly step: <T>(name: string, work: (control: StepControl) => Promise<T>) => Promise<T>;
  readonly note: (text: string) => void;
};

export type ProgressOptions = {
  readonly stream?: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly now?: () => number;
};

export function createProgress(options?: ProgressOptions): Progress;
export const progress: Progress;
