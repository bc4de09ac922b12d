const format = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A number with its thousands apart and at most one digit after the point. */
export function numberText(value: number): string {
  return format.format(value);
}

/** A count with its noun: 1 message, 2 messages. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

export function mebibytesText(bytes: number): string {
  return `${numberText(Math.round(bytes / 1024 / 1024))} MiB`;
}
