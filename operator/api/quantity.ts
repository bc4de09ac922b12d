const decimal = { "": 1000n, m: 1n, k: 1000n ** 2n, M: 1000n ** 3n, G: 1000n ** 4n, T: 1000n ** 5n } as const;
const binary = { Ki: 1024n, Mi: 1024n ** 2n, Gi: 1024n ** 3n, Ti: 1024n ** 4n } as const;

/**
 * A quantity as the API server stores it: the largest suffix that leaves a whole number. Written that way, what we
 * apply and what we read back are equal (k8s.io/apimachinery resource.Quantity, "canonical form").
 */
export function canonicalQuantity(quantity: string): string {
  const value = thousandths(quantity);
  if (!quantity.endsWith("i") || value < 1024n * 1000n) return largest(value, decimal);
  return largest(ceil(value, 1000n), { "": 1n, ...binary });
}

/** The smaller of two quantities, as it was written. */
export function smallerQuantity(a: string, b: string): string {
  return thousandths(b) < thousandths(a) ? b : a;
}

function thousandths(quantity: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,3}))?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(quantity);
  if (!match) throw new RangeError(`not a quantity: ${quantity}`);
  const [, whole = "0", fraction = "", suffix = ""] = match;
  const mantissa = BigInt(whole + fraction.padEnd(3, "0"));
  if (suffix in binary) return mantissa * binary[suffix as keyof typeof binary];
  return ceil(mantissa * decimal[suffix as keyof typeof decimal], 1000n);
}

const ceil = (value: bigint, divisor: bigint) => (value + divisor - 1n) / divisor;

function largest(value: bigint, factors: Readonly<Record<string, bigint>>): string {
  if (value === 0n) return "0";
  const [suffix, factor] = Object.entries(factors)
    .filter(([, factor]) => value % factor === 0n)
    .reduce((best, candidate) => (candidate[1] > best[1] ? candidate : best));
  return `${value / factor}${suffix}`;
}
