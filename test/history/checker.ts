/** Something that was handed over, and whether whoever did was told that it is kept. */
export type Sent = {
  readonly id: string;
  /** Whose: what one sends comes in its order. */
  readonly sender: string;
  readonly acknowledged: boolean;
};

export type Arrival = { readonly id: string; readonly recipient: number | string };

export type History = {
  /** In the order in which they were sent. Those that were refused are not in it. */
  readonly sent: readonly Sent[];
  /** In the order in which they came. */
  readonly arrivals: readonly Arrival[];
  /** Everybody who is to get everything. */
  readonly recipients: readonly Arrival["recipient"][];
  /** Deliveries of which a process that died did not know the end: each may have come twice. */
  readonly uncertain: number;
};

export type Findings = {
  /** Acknowledged, and not there. */
  readonly lost: readonly Arrival[];
  /** Those that came again; empty when they are not more than uncertain ones. */
  readonly doubled: readonly Arrival[];
  /** Came after one that its sender sent later. */
  readonly late: readonly Arrival[];
  /** Came, and were never sent, or to somebody whom they were not meant for. */
  readonly foreign: readonly Arrival[];
};

/** What was lost, doubled, out of order or made up on the way; everything is empty when nothing was. */
export function check({ sent, arrivals, recipients, uncertain }: History): Findings {
  const places = new Map(sent.map(({ id, sender }, place) => [id, { sender, place }]));
  const meant = new Set(recipients);
  const came = new Set<string>();
  const newest = new Map<string, number>();
  const doubled: Arrival[] = [];
  const late: Arrival[] = [];
  const foreign: Arrival[] = [];
  for (const arrival of arrivals) {
    const { id, recipient } = arrival;
    const known = places.get(id);
    if (known === undefined || !meant.has(recipient)) {
      foreign.push(arrival);
      continue;
    }
    if (came.has(keyOf(arrival))) {
      doubled.push(arrival);
      continue;
    }
    came.add(keyOf(arrival));
    const line = `${recipient} ${known.sender}`;
    if (known.place < (newest.get(line) ?? -1)) late.push(arrival);
    else newest.set(line, known.place);
  }
  const lost = sent
    .filter(({ acknowledged }) => acknowledged)
    .flatMap(({ id }) => recipients.map((recipient) => ({ id, recipient })))
    .filter((each) => !came.has(keyOf(each)));
  return { lost, doubled: doubled.slice(uncertain), late, foreign };
}

export const nothingFound: Findings = { lost: [], doubled: [], late: [], foreign: [] };

const keyOf = ({ id, recipient }: Arrival) => `${recipient} ${id}`;

/** How often a test kills what it tests: as many times as it needs, or more by `CCTELEGRAM_KILLS=200`. */
export function killsOf(needed: number, env: NodeJS.ProcessEnv = process.env): number {
  const wanted = Number(env.CCTELEGRAM_KILLS ?? needed);
  if (!Number.isInteger(wanted))
    throw new Error(`CCTELEGRAM_KILLS is "${env.CCTELEGRAM_KILLS}"; it has to be a whole number, such as 200.`);
  return Math.max(needed, wanted);
}
