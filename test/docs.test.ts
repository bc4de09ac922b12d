import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { loadAll } from "js-yaml";
import { describe, expect, test } from "vitest";
import { PACKAGES } from "../machine/prerequisites.mjs";
import { backupSpec } from "../operator/api/backup.ts";
import { deploymentSpec } from "../operator/api/spec.ts";
import { alerts } from "../operator/deployment/desired/alerts.ts";
import { methods } from "../server/mcp/methods/registry.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const pages = globSync("**/*.md", { cwd: root, exclude: (path) => /^(node_modules|dist)$/.test(path) }).toSorted();
const { scripts, dependencies, devDependencies } = JSON.parse(read("package.json"));

/** The prose of a page: what is in code blocks is not a link. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```/gm, "").replace(/^ +```[\s\S]*?^ +```/gm, "");

function linksOf(page: string): string[] {
  const text = prose(read(page)).replace(/`[^`]*`/g, "``");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link));
}

/** A page with its table padding removed. */
const withoutPadding = (text: string) => text.replace(/ +\|/g, " |");

/** The anchors of a page as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...prose(read(page)).matchAll(/^#{1,6} (.+)$/gm)].map((match) => match[1]!);
  return new Set(
    headings.map((heading) => {
      const slug = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-");
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}

function brokenLinks(page: string): string[] {
  return linksOf(page).filter((link) => {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : normalize(join(dirname(page), decodeURIComponent(path)));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(target).has(anchor);
  });
}

/** Words in backticks that begin with a folder of this project, or are a source file in its root. */
function pathsOf(page: string): string[] {
  const words = [...prose(read(page)).matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  return words.filter((word) => {
    if (/\s|:|[A-Z]{3,}\./.test(word)) return false;
    const [first = "", ...rest] = word.split("/");
    // What a build makes may be there in part.
    if (rest.length > 0) return first !== "dist" && /^[\w.-]+$/.test(first) && existsSync(join(root, first));
    return /^[\w-]+\.(ts|mjs)$/.test(word) && word !== "main.ts";
  });
}

const isThere = (path: string) =>
  path.includes("*") ? globSync(path, { cwd: root }).length > 0 : existsSync(join(root, path));

/** A name in capitals is a placeholder, as in `server/tools/NAME.ts`. */
const isPattern = (path: string) => /\b(NAME|TAG)\b/.test(path);
const isBuilt = (path: string) => path.startsWith("dist/");

describe.each(pages)("%s", (page) => {
  test("its links and anchors lead somewhere", () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test("the paths that it names exist", () => {
    const isMethod = (path: string) => methods.some(({ name }) => name === path);
    expect(
      pathsOf(page).filter((path) => !isPattern(path) && !isBuilt(path) && !isMethod(path) && !isThere(path)),
    ).toEqual([]);
  });

  test("the npm scripts that it names exist", () => {
    const named = [...read(page).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("its examples of the resource are valid", () => {
    const blocks = [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => match[1]!);
    for (const block of blocks) {
      for (const document of loadAll(block) as { kind?: string; spec?: object }[]) {
        if (document.kind === "CCTelegramBackup") {
          expect(backupSpec.safeParse(document.spec).error).toBeUndefined();
          continue;
        }
        const telegram = { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1] };
        expect(deploymentSpec.safeParse({ telegram, ...document.spec }).error).toBeUndefined();
      }
    }
  });
});

test("every alert has a runbook, and every runbook an alert", () => {
  const runbooks = globSync("docs/runbooks/*.md", { cwd: root }).map((path) => path.replace(/^.*\/|\.md$/g, ""));
  expect(runbooks.toSorted()).toEqual(alerts.map(({ name }) => name).toSorted());
});

test("every runbook says what the alert means, whom it hurts, how to look and how to fix it", () => {
  for (const { name } of alerts) {
    const runbook = read(`docs/runbooks/${name}.md`);
    for (const part of [`# ${name}`, "**Meaning.**", "**Impact.**", "## How to look", "## How to fix it"]) {
      expect(runbook).toContain(part);
    }
  }
});

test("every alert stands in docs/monitoring.md with its severity", () => {
  const monitoring = withoutPadding(read("docs/monitoring.md"));
  for (const { name, severity } of alerts) {
    expect(monitoring).toContain(`| [${name}](runbooks/${name}.md) | ${severity} |`);
  }
});

test("every reason of a condition stands in docs/operator.md, docs/exposure.md or docs/secrets.md", () => {
  const sources = [
    "status/conditions/*.ts",
    "status/checks.ts",
    "*/problems.ts",
    "pods/pod-trouble.ts",
    "probing/http-probe.ts",
    "exposure/*.ts",
    "backup/*.ts",
  ].flatMap((pattern) => globSync(`operator/deployment/${pattern}`, { cwd: root }));
  const reasons = sources
    .map(read)
    .flatMap((source) => [
      ...source.matchAll(/(?:holds|[fF]ails|unknown|failed|problem)\(\s*"(\w+)"/g),
      ...source.matchAll(/reason: (?:[^"\n]*\? )?"(\w+)"(?: : "(\w+)")?/g),
      ...source.matchAll(/configurationReasons = new Set\(\["(\w+)", "(\w+)", "(\w+)"\]\)/g),
    ])
    .flatMap((match) => match.slice(1).filter((reason) => reason !== undefined));
  expect(new Set(reasons).size).toBeGreaterThan(35);
  const page = ["operator", "exposure", "secrets"].map((name) => read(`docs/${name}.md`)).join("");
  expect([...new Set(reasons)].filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
});

test("every dependency stands in docs/dependencies.md, and no other", () => {
  const page = read("docs/dependencies.md");
  const tables = page.slice(0, page.indexOf("## Debian packages"));
  const listed = [...tables.matchAll(/^\| `([^`]+)` +\|/gm)].map((match) => match[1]!);
  expect(listed.toSorted()).toEqual([...Object.keys(dependencies), ...Object.keys(devDependencies)].toSorted());
});

test("every Debian package of the local cluster stands in docs/dependencies.md", () => {
  const page = read("docs/dependencies.md");
  const missing = Object.values(PACKAGES)
    .flat()
    .filter((name) => !page.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});
