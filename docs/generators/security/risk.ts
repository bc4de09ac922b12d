/**
 * A risk of a list that others keep, or an attack that was tried: what is done about it, and the tests that show it ("file › title",
 * the file from the root of the project), or why it does not concern this project.
 */
export type Risk = {
  /** Unique on its list. */
  readonly id: string;
  readonly risk: string;
} & ({ readonly does: string; readonly shownBy: readonly string[] } | { readonly notApplicable: string });

/** A list of risks, as a chapter of the page. */
export type RiskList = {
  readonly title: string;
  readonly about: string;
  readonly risks: readonly Risk[];
};

/** The test of an attack in the folder `attack/`, by the name of its scenario. */
export const attacked = (name: string): string => `attack/attack.test.ts › hold: ${name}`;
