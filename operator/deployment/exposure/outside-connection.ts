import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";

type Place = {
  readonly scheme: "http" | "https";
  readonly address: string;
  readonly port: number;
  /** Server name for TLS. */
  readonly host: string;
  readonly signal: AbortSignal;
};

/** The step at which opening a connection failed. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly step: "connection" | "tls";

  constructor(step: ConnectError["step"], cause: unknown) {
    super(`no ${step}`, { cause });
    this.step = step;
  }
}

/** Opens a connection, with TLS 1.2 or newer for https. The caller has to check the certificate. Rejects with a ConnectError. */
export function connectTo({ scheme, address, port, host, signal }: Place): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let step: ConnectError["step"] = "connection";
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const options = { host: address, port, rejectUnauthorized: false, minVersion: "TLSv1.2" as const, ...servername };
    const socket = scheme === "https" ? connectSecurely({ ...options, ALPNProtocols: ["http/1.1"] }) : connect(options);
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(new ConnectError(step, cause));
    };
    signal.addEventListener("abort", () => {
      fail(new Error("nothing came back in time"));
    });
    socket.on("error", fail);
    socket.once("close", () => fail(new Error("closed")));
    socket.once("connect", () => {
      step = "tls";
      if (scheme === "http") resolve(socket);
    });
    socket.once("secureConnect", () => resolve(socket));
  });
}
