import type { Action } from "../../../../contract/monitoring.ts";

export type Answer<Body> =
  | { readonly ok: true; readonly body: Body }
  /** Status 0: no answer came. The code is that of the catalogue of errors, if it is one of them. */
  | { readonly ok: false; readonly status: number; readonly code?: string | undefined; readonly problem: string };

const TIMEOUT_MS = 15_000;

/** Where a part of the API is, wherever a proxy has put the page; without the name and password that may stand in its address. */
export function apiUrl(path: string): string {
  const url = new URL(`api/monitoring/${path}`, document.baseURI);
  return `${url.origin}${url.pathname}${url.search}`;
}

/** What was answered to whoever is not let in any more: asking again would make the browser ask for a password each time. */
let loggedOut: Extract<Answer<never>, { ok: false }> | undefined;

export async function readJson<Body>(path: string): Promise<Answer<Body>> {
  if (loggedOut !== undefined) return loggedOut;
  const answer = await ask<Body>(path, {});
  if (!answer.ok && answer.status === 401) loggedOut = answer;
  return answer;
}

export function act(action: Action, key: string): Promise<Answer<{ readonly message: string }>> {
  return ask("actions", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-API-Key": key },
    body: JSON.stringify(action),
  });
}

async function ask<Body>(path: string, init: RequestInit): Promise<Answer<Body>> {
  try {
    const answer = await fetch(apiUrl(path), { ...init, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = await answer.json().catch(() => undefined);
    if (answer.ok && body !== undefined) return { ok: true, body };
    const { code } = Object(body);
    return { ok: false, status: answer.status, code, problem: problemOf(answer, body) };
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    return {
      ok: false,
      status: 0,
      problem: isLate ? "no answer came within 15 seconds" : "the server cannot be reached",
    };
  }
}

function problemOf({ status, statusText }: Response, body: unknown): string {
  const { message } = Object(body) as { readonly message?: unknown };
  if (typeof message === "string" && message !== "") return message;
  if (status === 401) return "the server does not let this browser in any more: load the page again and log in";
  return `the server answered ${status} ${statusText}`.trim();
}
