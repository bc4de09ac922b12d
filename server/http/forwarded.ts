import { BlockList, isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { addressIn } from "../access/address.ts";

declare module "fastify" {
  interface FastifyRequest {
    readonly forwarded: Forwarded;
    forwardedOnce: Forwarded | null;
  }
}

/** Where a request came from, by the word of those proxies in front that are believed. */
export type Forwarded = {
  /** As it was written; undefined when the connection is gone. */
  readonly address: string | undefined;
  readonly scheme: "http" | "https";
};

export type Trust = {
  /** Addresses and networks whose word counts. */
  readonly trustedProxies: readonly string[];
  /** Connections whose word counts, wherever they come from. */
  readonly isProxied: (socket: Socket) => boolean;
};

/** Gives every request its `forwarded`. */
export function readForwarded(app: FastifyInstance, trust: Trust): void {
  const read = forwardedReader(trust);
  app.decorateRequest("forwardedOnce", null);
  app.decorateRequest("forwarded", {
    getter(this: FastifyRequest) {
      this.forwardedOnce ??= read(this);
      return this.forwardedOnce;
    },
  });
}

/**
 * X-Forwarded-For grows to the right: each proxy adds who called it. So it is read from the right, as long as those named there are
 * trusted themselves; what stands further left anybody may have written.
 */
export function forwardedReader({ trustedProxies, isProxied }: Trust) {
  const isTrusted = networkList(trustedProxies);
  return ({ headers, socket }: Pick<FastifyRequest, "headers" | "socket">): Forwarded => {
    const { remoteAddress } = socket;
    const own = socket instanceof TLSSocket ? "https" : "http";
    if (!isProxied(socket) && !isTrusted(remoteAddress)) return { address: remoteAddress, scheme: own };
    const hops = itemsOf(headers["x-forwarded-for"]);
    const address = hops.findLast((hop) => !isTrusted(hop)) ?? hops[0] ?? remoteAddress;
    const told = itemsOf(headers["x-forwarded-proto"]).at(-1);
    return { address, scheme: (told ?? own) === "https" ? "https" : "http" };
  };
}

/** A header that came several times counts as one list. */
const itemsOf = (header: string | string[] | undefined): string[] =>
  header === undefined || header.length === 0
    ? []
    : String(header)
        .split(",")
        .map((item) => item.trim());

function networkList(networks: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (text) => {
    const address = addressIn(text);
    return address !== undefined && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  };
}
