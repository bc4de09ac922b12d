import { target } from "../environment.ts";
import { type Caller, caller } from "./caller.ts";
import type { Machine } from "./machine.ts";
import type { ReverseProxy } from "./proxy.ts";

/** The resource behind both proxies. */
export type Installation = {
  /** The id of its bot. */
  readonly bot: number;
  readonly namespace: string;
  readonly resource: string;
  readonly key: string;
  /** Address of the Service. */
  readonly service: string;
};

type Setting = { readonly machine: Machine; readonly proxy: ReverseProxy; readonly installation: Installation };

export type Stage = {
  readonly setting: () => Setting;
  /** A client outside with an unused address, which no limit has counted. */
  readonly visitor: () => Visitor;
  readonly insider: () => Caller;
  readonly withIpv6: () => [Caller, Caller, Caller];
  readonly serverLog: () => Promise<string>;
  /** Closes all connections. */
  readonly leave: () => Promise<void>;
};

type Visitor = Caller & { readonly address: string };

let visitors = 0;

export function stageOf(setting: () => Setting): Stage {
  const callers: Caller[] = [];
  const call = (address: string): Visitor => {
    const one = caller(setting().machine, address);
    callers.push(one);
    return { ...one, address };
  };
  return {
    setting,
    visitor: () => {
      const address = setting().machine.clients.outside[visitors++];
      if (address === undefined) throw new Error("there are no more addresses for visitors: make more of them");
      return call(address);
    },
    insider: () => call(setting().machine.clients.inside),
    withIpv6: () => {
      const [one, neighbour, other] = setting().machine.clients.ipv6;
      return [call(one), call(neighbour), call(other)];
    },
    serverLog: () => {
      const { namespace, resource } = setting().installation;
      return target.kubectl(["-n", namespace, "logs", `deployment/${resource}-mcp-server`]);
    },
    leave: async () => {
      await Promise.all(callers.splice(0).map((one) => one.close()));
    },
  };
}
