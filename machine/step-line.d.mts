type Times = {
  readonly elapsed: number;
  readonly share?: number | undefined;
  readonly typical?: number | undefined;
};

export type StepView = Times & { readonly name: string; readonly detail?: string };

export function duration(milliseconds: number): string;
export function remaining(times: Times): number | undefined;
export function stepLine(view: StepView): string;
export function cut(line: string, columns: number): string;
