import { Duplex, PassThrough } from "node:stream";
import { type KubeConfig, PortForward } from "@kubernetes/client-node";
import { problems } from "../problems.ts";

type PodPort = { readonly namespace: string; readonly pod: string; readonly port: number };

/** A connection to a port of a pod, through the API server. */
export type Dial = (target: PodPort) => Promise<Duplex>;

/** The only place that knows how a pod is reached: a WebSocket for each connection. */
export function portForward(kubeConfig: KubeConfig): Dial {
  const forwarder = new PortForward(kubeConfig);
  return async ({ namespace, pod, port }) => {
    const [sent, received, complaint] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const socket = await forwarder
      .portForward(namespace, pod, [port], received, complaint, sent)
      .catch((error: unknown) => {
        throw problems.podUnreachable(pod, port, wordsOf(error));
      });
    if (typeof socket === "function") throw problems.podUnreachable(pod, port, "there is no connection");
    const stream = joined(sent, received);
    // The node tells on a second channel that nobody listens on the port.
    complaint.on("data", (text: Buffer) => stream.destroy(problems.podUnreachable(pod, port, text.toString().trim())));
    socket.onclose = () => received.end();
    socket.onerror = ({ message }) => stream.destroy(problems.podUnreachable(pod, port, message));
    stream.once("close", () => socket.close());
    return stream;
  };
}

/** Types of Node know only one of the forms that it takes. */
const joined = (writable: PassThrough, readable: PassThrough): Duplex =>
  Duplex.from({ writable, readable } as unknown as Parameters<typeof Duplex.from>[0]);

/** What `ws` says of an answer that is no upgrade is "Unexpected server response: 403". */
function wordsOf(error: unknown): string {
  const message = (error as { message?: string }).message ?? String(error);
  const status = /Unexpected server response: (\d+)/.exec(message)?.[1];
  if (status === "403") return "the right to get and create pods/portforward is missing";
  return status === "404" ? "there is no such pod" : message;
}
