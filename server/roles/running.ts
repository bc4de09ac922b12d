/** A role that runs. */
export type Running = {
  /** What to log about where it listens. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Resolves with the reason to end: the client that it works for has left, or somebody wants it to start anew. */
  readonly ended?: Promise<string>;
  /** Reads again what may have changed since the start. */
  reload?(): Promise<void>;
  /** Says no to new work, so that load balancers turn away. Work that still comes is done. */
  drain(): void;
  /** Closes the ports and resolves when the work in flight is done. */
  close(): Promise<void>;
  /** There is no more time to wait for {@link close}: tells whoever still waits. Resolves when they have heard it. */
  giveUp?(): Promise<void>;
};

/** What the roles get from main: the world outside, so that tests can give another. */
export type World = {
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
  /** Milliseconds of a clock that is never set back. Default: that of the process. */
  readonly steady?: () => number;
};
