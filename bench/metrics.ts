/** One scrape. */
export class Metrics {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split("\n");
  }

  /** Sum over all label sets that contain the given text. */
  sum(name: string, labels = ""): number {
    return this.#lines
      .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  /** A quantile in the unit of the histogram, interpolated in its bucket as Prometheus does. */
  quantile(histogram: string, q: number): number {
    const buckets = this.#lines
      .filter((line) => line.startsWith(`${histogram}_bucket{`))
      .map((line) => ({
        le: Number(/le="([^"]+)"/.exec(line)?.[1]?.replace("+Inf", "Infinity")),
        count: lastNumber(line),
      }))
      .sort((a, b) => a.le - b.le);
    const rank = q * (buckets.at(-1)?.count ?? 0);
    const index = buckets.findIndex(({ count }) => count >= rank);
    const { le, count } = buckets[index] ?? { le: Number.NaN, count: 0 };
    const below = buckets[index - 1] ?? { le: 0, count: 0 };
    if (!Number.isFinite(le) || count === below.count) return below.le;
    return below.le + ((le - below.le) * (rank - below.count)) / (count - below.count);
  }
}

const lastNumber = (line: string) => Number(line.slice(line.lastIndexOf(" ") + 1));
