import { Resolver } from "node:dns/promises";

/** The error codes for a name without an address. All others are errors of the DNS servers. */
const nothing = new Set(["ENOTFOUND", "ENODATA"]);

/**
 * Resolves names without search domains and files, and gives up after some seconds: `lookup` of node:dns waits as long as
 * the system does, in one of four threads that all requests of the operator share. `servers` replace those of the system. Rejects with
 * ENOTFOUND when a name has no address.
 */
export function publicNames(servers?: readonly string[]): (name: string) => Promise<readonly string[]> {
  return async (name) => {
    // One resolver for each lookup: servers may change, and a slow one delays no other lookup.
    const resolver = new Resolver({ timeout: 1_000, tries: 2 });
    if (servers) resolver.setServers(servers);
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const troubles = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    throw (
      troubles.find(({ code }) => !nothing.has(code)) ?? Object.assign(new Error("no address"), { code: "ENOTFOUND" })
    );
  };
}
