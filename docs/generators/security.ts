import { code, page, table } from "./markdown.ts";
import { attacks } from "./security/attacks.ts";
import { mcpPractices } from "./security/mcp-practices.ts";
import { owaspApi } from "./security/owasp-api.ts";
import { owaspMcp } from "./security/owasp-mcp.ts";
import type { Risk, RiskList } from "./security/risk.ts";

/** What others say has to be secured, and what was tried here. */
export const riskLists: readonly RiskList[] = [owaspApi, owaspMcp, mcpPractices, ...attacks];

const introduction = `What can go wrong, row by row: what is done about it and the tests that show it, or why it does not concern this project. The policy, and what is not protected, is in
[SECURITY.md](../SECURITY.md). A test fails when a row has neither tests nor a reason, and when a test that is named here does not exist any more. \`%s\` and \`$name\` in a title stand for what a table of the test fills in.

The attacks in \`attack/\` run against the images' programs under the memory limits of their pods, in a short form with \`npm test\` and in full, with a million guesses of keys, with \`npm run attack\`.`;

const shown = (citation: string) => {
  const [file = "", title = ""] = citation.split(" › ");
  return `${code(file)}: ${title}`;
};

function row(risk: Risk): string[] {
  const { id, risk: what } = risk;
  return "notApplicable" in risk
    ? [id, what, "", `Does not apply: ${risk.notApplicable}`]
    : [id, what, risk.does, risk.shownBy.map(shown).join("; ")];
}

/** The page of risks and attacks, from its lists. */
export function securityPage(): string {
  const chapters = riskLists.flatMap(({ title, about, risks }) => [
    `## ${title}`,
    about,
    table(["Id", "Risk", "What is done", "Shown by"], risks.map(row)),
  ]);
  return page("Risks and attacks", "docs/generators/security/", [introduction, ...chapters]);
}
