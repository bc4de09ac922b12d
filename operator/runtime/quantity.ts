const pattern = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([numkKMGTPE]i?|[eE][+-]?[0-9]+|)$/;

/** Powers of 1000, from nano on; "" is 1. */
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
/** Powers of 1024; "" is 1. */
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const nanosPerUnit = 1_000_000_000n;

type Format = "binary" | "decimal" | "exponent";
type Parsed = { readonly nanos: bigint; readonly format: Format; readonly keepsText: boolean };

/**
 * A resource quantity as the API server stores it: no fraction, the largest suffix that leaves a whole number. "0.5" is
 * stored as "500m", "1024Mi" as "1Gi". Throws when the text is no quantity.
 *
 * @example
 * ```ts
 * canonicalQuantity("0.5"); // => 500m
 * canonicalQuantity("1024Mi"); // => 1Gi
 * ```
 */
export function canonicalQuantity(text: string): string {
  const { nanos, format, keepsText } = parse(text);
  if (nanos === 0n) return "0";
  if (keepsText) return text;
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  // Binary quantities that are no multiple of 1024 have no binary suffix, and are read again as decimal ones.
  const binary = format === "binary" && size % (1024n * nanosPerUnit) === 0n;
  return sign + (binary ? inBinary(size / nanosPerUnit) : inDecimal(size, format === "exponent"));
}

/**
 * The smaller of two quantities, as it was written.
 *
 * @example
 * ```ts
 * smallerQuantity("1Gi", "1500Mi"); // => 1Gi
 * ```
 */
export function smallerQuantity(a: string, b: string): string {
  return parse(b).nanos < parse(a).nanos ? b : a;
}

/**
 * A quantity as a whole number, rounded up.
 *
 * @example
 * ```ts
 * quantityValue("1Gi"); // => 1073741824
 * quantityValue("1500m"); // => 2
 * ```
 */
export function quantityValue(text: string): number {
  return Number((parse(text).nanos + nanosPerUnit - 1n) / nanosPerUnit);
}

function parse(text: string): Parsed {
  const [matched, sign, whole = "", fraction = "", suffix = ""] = pattern.exec(text) ?? [];
  const isExponent = /^[eE]./.test(suffix) && suffix !== "Ei";
  const factor = isExponent ? exponentFactor(Number(suffix.slice(1))) : suffixFactor(suffix);
  if (matched === undefined || factor === undefined || whole + fraction === "") {
    throw new Error(`"${text}" is not a resource quantity: write a number such as 500m, 2, 128Mi or 1Gi`);
  }
  const numerator = BigInt(whole + fraction) * factor.times;
  const denominator = 10n ** BigInt(fraction.length) * factor.per;
  // Finer than nano is rounded away from zero, as the server does.
  const nanos = (numerator + denominator - 1n) / denominator;
  const format = isExponent ? "exponent" : suffix.endsWith("i") ? "binary" : "decimal";
  const keepsText = isStoredAsWritten(whole.replace(/^0+/, "") || "0", fraction, format, suffix);
  return { nanos: sign === "-" ? -nanos : nanos, format, keepsText };
}

/**
 * ParseQuantity of k8s.io/apimachinery keeps the text of a quantity that looks canonical to its fast path, which lets
 * "1E3", "1.250" and "007" pass as well.
 */
function isStoredAsWritten(whole: string, fraction: string, format: Format, suffix: string): boolean {
  const digits = whole + fraction;
  if (format === "binary") return fraction === "" && digits.length < 6 && (Number(digits) & 7) !== 0;
  const exponent = format === "exponent" ? Number(suffix.slice(1)) : decimalSuffixes.indexOf(suffix) * 3 - 9;
  const scale = exponent - fraction.length;
  const isExact = digits.length <= 18 && scale >= -9;
  return isExact && scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
}

/** What one of the suffix is in nanos, as a fraction. */
type Factor = { readonly times: bigint; readonly per: bigint };

function suffixFactor(suffix: string): Factor | undefined {
  const binary = suffix === "" ? -1 : binarySuffixes.indexOf(suffix);
  if (binary > 0) return { times: nanosPerUnit * 1024n ** BigInt(binary), per: 1n };
  const decimal = decimalSuffixes.indexOf(suffix);
  return decimal < 0 ? undefined : { times: 1000n ** BigInt(decimal), per: 1n };
}

function exponentFactor(exponent: number): Factor | undefined {
  if (Math.abs(exponent) > 30) return undefined;
  return exponent < 0
    ? { times: nanosPerUnit, per: 10n ** BigInt(-exponent) }
    : { times: nanosPerUnit * 10n ** BigInt(exponent), per: 1n };
}

function inBinary(units: bigint): string {
  let power = 0;
  let rest = units;
  while (rest % 1024n === 0n && power < binarySuffixes.length - 1) {
    rest /= 1024n;
    power += 1;
  }
  return `${rest}${binarySuffixes[power]}`;
}

function inDecimal(nanos: bigint, asExponent: boolean): string {
  let power = 0;
  let rest = nanos;
  while (rest % 1000n === 0n && power < decimalSuffixes.length - 1) {
    rest /= 1000n;
    power += 1;
  }
  const exponent = power * 3 - 9;
  if (asExponent) return exponent === 0 ? `${rest}` : `${rest}e${exponent}`;
  return `${rest}${decimalSuffixes[power]}`;
}
