/** Letters and digits that nobody takes for another. */
const ALPHABET = "abcdefghijkmnopqrstuvwxyz23456789";

/** A code that people can read to each other. `below`: a random integer from 0 up to a bound. */
export function pairingCode(below: (bound: number) => number): string {
  return Array.from({ length: 6 }, () => ALPHABET[below(ALPHABET.length)]).join("");
}
