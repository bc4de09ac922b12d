import type { Style } from "./style.ts";

/** Where words go, and who can be asked. */
export type Terminal = {
  /** Of standard output. */
  readonly style: Style;
  /** Results: standard output. */
  print(text: string): void;
  /** What goes on, for people: standard error. */
  tell(text: string): void;
  /** Shows that something takes long, until it ends: on a terminal one line that changes, elsewhere each new state once. */
  progress(what: string): Progress;
  /** undefined: nobody can be asked. */
  confirm(question: string): Promise<boolean | undefined>;
};

export type Progress = {
  /** What it is at now. */
  state(text: string): void;
  done(text: string): void;
  failed(text: string): void;
};
