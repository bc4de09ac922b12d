import { Installation } from "./installation.ts";
import { send } from "./requests.ts";
import { failuresOf, memoryOf, type Scenario, survives } from "./scenario.ts";

const VICTIM = "203.0.113.7";
const LONG_VALUES = 3_000;
const AT_ONCE = 50;
const MIB = 2 ** 20;
const LOG_LIMIT = 3 * MIB;
const BOUNDS = { server: 220, bridge: 200 };
const GUESSES = 30;
/** Of so many 10,000 are kept. */
const ADDRESSES = 10_500;
/** A proxy on this machine is believed, and ten wrong keys are allowed. */
const server = { MCP_TRUSTED_PROXIES: "127.0.0.1", MCP_RATE_LIMIT_REQUESTS: "10" };

const guess = ({ http }: Installation, forwarded: string) =>
  send(`${http}/tools`, { headers: { "x-api-key": "wrong", "x-forwarded-for": forwarded } });

const forgedWords: Scenario = {
  name: "wrong keys behind a trusted proxy with words for addresses",
  async run() {
    await using installation = await Installation.start({ server });
    const statuses: number[] = [];
    for (let index = 0; index < GUESSES; index += 1) {
      statuses.push((await guess(installation, `zzz${index} client_ip=${VICTIM}`)).status);
    }
    const limited = statuses.filter((status) => status === 429).length;
    const forged = installation.server.log().includes(VICTIM);
    return {
      measured: `${limited} of ${GUESSES} guesses answered 429`,
      failures: failuresOf([
        [limited > 0, "a new word each time is never limited"],
        [!forged, `the log says client_ip=${VICTIM}, which a tool that bans addresses believes`],
      ]),
    };
  },
};

const longAddresses: Scenario = {
  name: `${LONG_VALUES} wrong keys behind a trusted proxy with addresses of 14 kB`,
  async run() {
    await using installation = await Installation.start({ server });
    const before = installation.server.log().length;
    for (let sent = 0; sent < LONG_VALUES; sent += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, index) => `${sent + index}`.padEnd(14_000, "x"));
      await Promise.all(batch.map((value) => guess(installation, value)));
    }
    const written = installation.server.log().length - before;
    const served = await installation.served();
    return {
      measured: `${(written / MIB).toFixed(1)} MiB of log; right key served after ${served ?? "–"} ms; ${memoryOf(installation)}`,
      failures: [
        ...failuresOf([
          [written <= LOG_LIMIT, `${Math.round(written / MIB)} MiB of log, more than ${LOG_LIMIT / MIB}`],
          [served !== undefined, "a right key is not served"],
        ]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

const manyAddresses: Scenario = {
  name: `wrong keys from ${ADDRESSES} addresses, more than bans are kept`,
  async run() {
    await using installation = await Installation.start({ server: { ...server, MCP_BAN_FAILURES: "1" } });
    const address = (index: number) => `2001:db8:0:${index.toString(16)}::1`;
    let banned = 0;
    for (let sent = 0; sent < ADDRESSES; sent += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, index) => guess(installation, address(sent + index)));
      await Promise.all(batch);
      const { body } = await guess(installation, address(sent));
      if (body.includes("ADDRESS_BANNED")) banned += 1;
    }
    const headers = { "x-api-key": installation.key("victim"), "x-forwarded-for": address(ADDRESSES - 1) };
    const { status } = await send(`${installation.http}/tools`, { headers });
    return {
      measured: `${banned} asked again were banned; a right key from a banned address: ${status}; ${memoryOf(installation)}`,
      failures: [
        ...failuresOf([
          [banned === ADDRESSES / AT_ONCE, `of ${ADDRESSES / AT_ONCE} addresses only ${banned} were banned`],
          [status === 200, `a right key from an address with wrong ones is answered ${status}`],
        ]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

export const forgedAddresses: readonly Scenario[] = [forgedWords, longAddresses, manyAddresses];
