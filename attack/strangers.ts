import { Installation } from "./installation.ts";
import { hold, send, stranger } from "./requests.ts";
import { failuresOf, memoryOf, type Scenario, survives } from "./scenario.ts";

/** MiB of resident memory. */
const BOUNDS = { server: 250, bridge: 200 };
const READERS = 100;
const PIPELINED = 200;
const REQUESTS = 3_000;
const AT_ONCE = 50;
/** Bytes of log for each request of a stranger: what is more fills disks. */
const LOG_PER_REQUEST = 100;

const slowReaders: Scenario = {
  name: `${READERS} clients without a key that ask ${PIPELINED} times each and read nothing`,
  async run() {
    await using installation = await Installation.start();
    const [http = "", serverMetrics = "", intake = "", bridgeMetrics = ""] = installation.ports;
    const targets = [
      `${http}/health/detailed`,
      `${http}/openapi.json`,
      `${http}/docs`,
      `${serverMetrics}/metrics`,
      `${intake}/health`,
      `${bridgeMetrics}/metrics`,
    ];
    const attempts = Array.from({ length: READERS }, (_, index) => {
      const url = new URL(targets[index % targets.length] ?? http);
      const request = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
      return { url: url.href, bytes: request.repeat(PIPELINED) };
    });
    const { held, result } = await hold({ attempts, reads: false }, () => installation.served());
    return {
      measured: `${held.open} open; right key served after ${result ?? "–"} ms; ${memoryOf(installation)}`,
      failures: [
        ...failuresOf([[result !== undefined, "a right key is not served"]]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

const flood: Scenario = {
  name: `${REQUESTS} requests without a key for paths that do not exist`,
  async run() {
    await using installation = await Installation.start();
    const before = installation.server.log().length;
    const waits: (number | undefined)[] = [];
    const body = JSON.stringify({ filler: "x".repeat(10_000) });
    const headers = { "content-type": "application/json" };
    for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, index) =>
        send(`${installation.http}/nothing/${sent + index}`, { method: "POST", headers, body, from: stranger(index) }),
      );
      if (sent % (REQUESTS / 5) === 0) waits.push(await installation.served());
      await Promise.all(batch);
    }
    const perRequest = Math.round((installation.server.log().length - before) / REQUESTS);
    return {
      measured: `right key served after ${waits.join(", ")} ms; ${perRequest} bytes of log each; ${memoryOf(installation)}`,
      failures: [
        ...failuresOf([
          [!waits.includes(undefined), "a right key is not served"],
          [perRequest <= LOG_PER_REQUEST, `each request of a stranger writes ${perRequest} bytes of log`],
        ]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

export const strangers: readonly Scenario[] = [slowReaders, flood];
