import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import { carrierOf } from "../listening/carriers.ts";
import { shownPath } from "./not-found.ts";

/** What is for people inside the cluster. */
export const detailRoutes: ReadonlySet<string> = new Set([routes.detailedHealth, routes.status, routes.report]);

/** The ports of one HTTP application beside its first: by the port that a connection came to it is known who may have sent it. */
export class FurtherPorts {
  readonly #sockets = new WeakSet<Socket>();
  readonly #proxied = new WeakSet<Socket>();
  readonly #rooted = new WeakSet<Socket>();

  /** The connection came from the proxy in front. */
  readonly isProxied = (socket: Socket): boolean => this.#proxied.has(carrierOf(socket));

  /** The path that is meant by one: on a port for proxies that take `/mcp` off, the root is MCP. */
  pathOf(url: string, socket: Socket): string {
    const [path = "", ...query] = url.split("?");
    if (!this.#rooted.has(carrierOf(socket)) || path.replace(/\/+$/, "") !== "") return url;
    return [routes.mcp, ...query].join("?");
  }

  /** Answers on these ports what is meant for the outside, and no more. */
  hideDetails(app: FastifyInstance): void {
    app.addHook("onRequest", (request, _reply, done) => {
      const isHidden = detailRoutes.has(request.routeOptions.url ?? "") && this.#sockets.has(carrierOf(request.socket));
      done(isHidden ? new ServerError("NOT_FOUND", { path: shownPath(request) }) : undefined);
    });
  }

  /** Listens on a further port. Its connections are those of `server`, with its limits, and with TLS if that speaks it. */
  async open(server: Server, { host, port, proxied = false, rooted = false }: FurtherPort): Promise<OpenPort> {
    // As node:http makes its own.
    const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      if (proxied) this.#proxied.add(socket);
      if (rooted) this.#rooted.add(socket);
      server.emit("connection", socket);
    });
    door.listen(port, host);
    await once(door, "listening");
    const closed = once(door, "close");
    return {
      address: door.address() as AddressInfo,
      stop: () => void door.close(),
      closed: () => closed.then(() => undefined),
    };
  }
}

export type FurtherPort = {
  readonly host: string;
  readonly port: number;
  /** Only the proxy in front comes here: what it says of its clients is believed. */
  readonly proxied?: boolean;
  /** MCP is at its root as well. */
  readonly rooted?: boolean;
};

export type OpenPort = {
  readonly address: AddressInfo;
  /** Takes no more connections. */
  stop(): void;
  /** Resolves when it was stopped and its last connection has ended. */
  closed(): Promise<void>;
};
