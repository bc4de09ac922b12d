/** Where the events of a stream go: to a client, or to the process that the client is connected to. */
export type StreamConnection = {
  send(message: string, id: string): void;
  /** Tells a client, before anything else, by which id and after how many milliseconds it may come back. */
  prime(id: string, retryMs: number): void;
  end(): void;
  /** Calls back when the connection has ended, whoever ended it; at once when it has. */
  onClose(listener: () => void): void;
};
