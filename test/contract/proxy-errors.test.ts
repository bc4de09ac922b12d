import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { errors, proxyErrors } from "../../contract/error-catalogue.ts";

type Answer = { readonly status: number; readonly body: Record<string, unknown> & { readonly code: string } };

const read = (name: string) => readFileSync(join(import.meta.dirname, "../../docs/proxies", name), "utf8");
const catalogue: Readonly<Record<string, { httpStatus: number } | undefined>> = { ...errors, ...proxyErrors };

/** What nginx answers itself: the status of `return` counts, because each `error_page` takes that of its location. */
function nginxAnswers(configuration: string): Answer[] {
  return [...configuration.matchAll(/return (\d+) '(\{.*\})';/g)].map(([, status, body]) => answer(status, body));
}

/** What HAProxy answers itself, after the rules that change its status. */
function haproxyAnswers(configuration: string): Answer[] {
  const changed = new Map(
    [...configuration.matchAll(/^ *http-after-response set-status (\d+) if \{ status (\d+) \}/gm)].map(
      ([, to, from]) => [from, to] as const,
    ),
  );
  return [...configuration.matchAll(/status (\d+) .*lf-string '(\{.*?\})'/g)].map(([, status, body]) =>
    answer(changed.get(status) ?? status, body),
  );
}

const answer = (status = "", body = ""): Answer => ({ status: Number(status), body: JSON.parse(body) });

/** Before there is a request that could have an id. */
const withoutRequest: readonly string[] = ["INVALID_REQUEST", "REQUEST_TIMEOUT"];

describe.each([
  ["nginx.conf", nginxAnswers],
  ["haproxy.cfg", haproxyAnswers],
])("%s", (name, answersIn) => {
  const answers = answersIn(read(name));

  test("has no code beside those that are looked at here", () => {
    const codes = [...read(name).matchAll(/"code":"([^"]*)"/g)].map(([, code]) => code);
    expect(answers.map(({ body }) => body.code)).toEqual(codes);
    expect(codes).toContain("SERVER_UNAVAILABLE");
  });

  test.each(answers.map((each) => [each.status, each.body.code, each] as const))(
    "%i %s is an error of the catalogue, in the form of the server's",
    (status, code, { body }) => {
      expect(catalogue[code]?.httpStatus).toBe(status);
      expect(body).toEqual({
        error: true,
        code,
        message: expect.stringMatching(/^[A-Z].*\.$/),
        details: expect.any(Object),
        timestamp: expect.any(String),
        ...(withoutRequest.includes(code) ? {} : { request_id: expect.any(String) }),
      });
    },
  );

  test("says what the catalogue says, where only a proxy answers", () => {
    for (const { body } of answers) {
      const entry = Object.entries(proxyErrors).find(([code]) => code === body.code)?.[1];
      if (entry !== undefined) expect(body.message).toBe(entry.message);
    }
  });
});

test("what only a proxy answers with is no code of the server", () => {
  expect(Object.keys(proxyErrors).filter((code) => code in errors)).toEqual([]);
});

test("their page names each error with its status", () => {
  const named = [...read("README.md").matchAll(/(\d{3}) `([A-Z_]+)`/g)].map(([, status, code]) => [code, status]);
  const answered = [...nginxAnswers(read("nginx.conf")), ...haproxyAnswers(read("haproxy.cfg"))];
  expect(Object.fromEntries(named)).toEqual(
    Object.fromEntries(answered.map(({ status, body }) => [body.code, String(status)])),
  );
});
