/** Durations of earlier runs, in milliseconds. */
export type Durations = {
  readonly typical: (name: string) => number | undefined;
  readonly record: (name: string, milliseconds: number) => void;
};

export function fileDurations(file: string): Durations;
