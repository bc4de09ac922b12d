import { once } from "node:events";
import { type Process, startProcess } from "./process.ts";
import type { Answer } from "./web-socket.ts";

/** A process that is spoken to line by line. */
export type Line = Process & {
  write(text: string | Buffer): void;
  send(message: unknown): void;
  /** Everything that it said so far; throws when a line is no message. */
  said(): Answer[];
  answer(id: string | number | null): Promise<Answer>;
  until(isWanted: (message: Answer) => boolean): Promise<Answer>;
  ask(method: string, params?: object): Promise<Answer>;
};

export function startLine(env: Record<string, string>): Line {
  const running = startProcess(["stdio"], env);
  const { stdin, stdout } = running.child;
  if (stdin === null || stdout === null) throw new Error("the process has no streams");
  stdin.on("error", () => {});
  const known: Answer[] = [];
  let readUpTo = 0;
  const said = (): Answer[] => {
    const text = running.stdout();
    // The last line may still be on its way.
    for (let end = text.indexOf("\n", readUpTo); end !== -1; end = text.indexOf("\n", readUpTo)) {
      known.push(...messagesIn(text.slice(readUpTo, end)));
      readUpTo = end + 1;
    }
    return known;
  };
  const until = async (isWanted: (message: Answer) => boolean): Promise<Answer> => {
    for (let looked = 0; ; ) {
      const messages = said();
      for (; looked < messages.length; looked += 1) {
        const message = messages[looked];
        if (message !== undefined && isWanted(message)) return message;
      }
      if ((running.child.exitCode ?? running.child.signalCode) !== null)
        throw new Error(`ended before: ${running.stdout()}\n${running.stderr()}`);
      await Promise.race([once(stdout, "data"), running.exited]);
    }
  };
  // Many may wait for their answers at once.
  stdout.setMaxListeners(0);
  let lastId = 1_000_000;
  const write = (text: string | Buffer) => void stdin.write(text);
  const send = (message: unknown) => write(`${JSON.stringify(message)}\n`);
  const answer = (id: string | number | null) => until((message) => message.id === id && message.method === undefined);
  return {
    ...running,
    write,
    send,
    said,
    until,
    answer,
    ask(method, params = {}) {
      const id = ++lastId;
      send({ jsonrpc: "2.0", id, method, params });
      return answer(id);
    },
  };
}

function messagesIn(line: string): Answer[] {
  const messages = [JSON.parse(line)].flat() as (Answer & { readonly jsonrpc?: string })[];
  if (messages.some(({ jsonrpc }) => jsonrpc !== "2.0")) throw new Error(`no message: ${line}`);
  return messages;
}

/** Begins a session of the handshake era. */
export async function handshake(line: Line, capabilities: object = {}): Promise<Answer> {
  const params = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "test", version: "1" } };
  const answer = await line.ask("initialize", params);
  line.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return answer;
}
