import { Resolver } from "node:dns/promises";

/** The codes of a name that has no address. All others are the DNS servers' trouble. */
const nothing = new Set(["ENOTFOUND", "ENODATA"]);

/**
 * Looks names up as they are, without search domains and files, and gives up after some seconds: `lookup` of node:dns waits for as long as
 * the system likes, in one of four threads that all requests of the operator share. `servers` stand in for those of the system. Rejects with
 * ENOTFOUND when a name has no address.
 */
export function publicNames(servers?: readonly string[]): (name: string) => Promise<readonly string[]> {
  return async (name) => {
    // One for each look: servers may change, and one that is slow holds up nothing else.
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
