import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Action, Overview } from "../../../../../contract/monitoring.ts";
import { permissionOf } from "../action-permissions.ts";
import { act } from "../api.ts";
import { actionWords } from "../words/action-words.ts";
import { visibleText } from "../words/visible-text.ts";

type Properties = {
  readonly action: Action;
  readonly overview: Overview;
  /** The key that the page holds; it is kept in memory only. */
  readonly heldKey: string | undefined;
  readonly holdKey: (key: string | undefined) => void;
  readonly close: () => void;
  readonly done: (message: string) => void;
};

type Failure = Extract<Awaited<ReturnType<typeof act>>, { ok: false }>;

const isRefusedKey = ({ code }: Failure) => code === "AUTHENTICATION_ERROR" || code === "UNAUTHORIZED_TOOL";

/** What is known about a failure, and what to do. */
function advice(failure: Failure): string {
  const { status, problem } = failure;
  if (status === 0) {
    return `No answer: ${problem}. It may have been done all the same: look at the activity before you try again.`;
  }
  if (isRefusedKey(failure)) return `${problem} Nothing was done. Type another key.`;
  if (status === 404) return `${problem} It may be gone already.`;
  return problem;
}

/** Says what will happen, asks for a key if none is held, and does it. */
export function ActionDialog({ action, overview, heldKey, holdKey, close, done }: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  // As it was when it was asked: the words do not change under whoever reads them.
  const [{ title, effect, verb, isDangerous }] = useState(() => actionWords(action, overview));
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isBusy) return;
    const key = heldKey ?? field.current?.value.trim() ?? "";
    setBusy(true);
    setProblem(undefined);
    const answer = await act(action, key);
    setBusy(false);
    if (answer.ok) {
      holdKey(key);
      dialog.current?.close();
      done(answer.body.message);
      return;
    }
    if (isRefusedKey(answer)) holdKey(undefined);
    setProblem(advice(answer));
    if (field.current !== null) field.current.value = "";
  };
  useEffect(() => {
    if (problem !== undefined) field.current?.focus();
  }, [problem]);

  return (
    <dialog ref={dialog} aria-labelledby="action-title" aria-describedby="action-effect" onClose={close}>
      <form onSubmit={submit}>
        <h2 id="action-title">{title}</h2>
        <div id="action-effect">
          {effect.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
        {heldKey === undefined && (
          <label class="key">
            <span>
              API key with the permission <code>{permissionOf(action.action)}</code>
            </span>
            <input
              ref={field}
              type="password"
              required
              autocomplete="off"
              spellcheck={false}
              autocapitalize="off"
              aria-describedby="key-note"
            />
            <small id="key-note">It stays in the memory of this page until you forget it or leave.</small>
          </label>
        )}
        <p role="alert" class="problem">
          {problem !== undefined && visibleText(problem)}
        </p>
        <div class="dialog-actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={isDangerous ? "danger" : "primary"} aria-disabled={isBusy}>
            {isBusy ? "Working…" : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
