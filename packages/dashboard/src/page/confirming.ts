/** What changes something is confirmed first, in words that say what it does to whom; then it is told what came of it. */
import { changeFailureText } from './asking.ts';
import { html, useEffect, useRef, useState } from './library.ts';
import type { View } from './library.ts';

export interface Confirmation {
  readonly title: string;
  /** Sentences. */
  readonly says: readonly string[];
  /** On the button. */
  readonly verb: string;
  /** A reason is asked for, and passed on. */
  readonly asksReason?: boolean;
  /** @returns What came of it, as a sentence. */
  readonly perform: (reason: string) => Promise<string>;
}

let open: (confirmation: Confirmation) => void = () => {};

export const confirm = (confirmation: Confirmation): void => open(confirmation);

interface Outcome {
  readonly text: string;
  readonly isBad: boolean;
}

export function Confirming(): View {
  const [asked, set] = useState<Confirmation | undefined>(undefined);
  const [outcome, tell] = useState<Outcome | undefined>(undefined);
  /** What is under way: another one may be asked meanwhile, and is not its. */
  const [underWay, begin] = useState<Confirmation | undefined>(undefined);
  const shownNow = useRef<Confirmation | undefined>(undefined);
  const dialog = useRef<HTMLDialogElement>(null);
  const reason = useRef<HTMLInputElement>(null);
  useEffect(() => {
    open = (confirmation) => {
      tell(undefined);
      set(confirmation);
    };
  }, []);
  useEffect(() => {
    // Another page: what came of the last action is no news there.
    const forget = (): void => tell(undefined);
    addEventListener('hashchange', forget);
    return () => removeEventListener('hashchange', forget);
  }, []);
  useEffect(() => {
    if (asked !== undefined) dialog.current?.showModal();
  }, [asked]);
  shownNow.current = asked;
  const close = (): void => dialog.current?.close();
  const perform = async (): Promise<void> => {
    if (asked === undefined || underWay === asked) return;
    begin(asked);
    const result = await asked.perform(reason.current?.value ?? '').then(
      (text) => ({ text, isBad: false }),
      (error: unknown) => ({ text: changeFailureText(error), isBad: true }),
    );
    begin((now) => (now === asked ? undefined : now));
    tell(result);
    if (shownNow.current === asked) close();
  };
  return html`<div>
    <div class="outcomes" role="status" aria-live="polite">
      ${
        outcome === undefined
          ? null
          : html`<div class=${`notice ${outcome.isBad ? 'bad' : 'good'}`}>
              <p>${outcome.text}</p>
              <button type="button" class="quiet" onClick=${() => tell(undefined)}>Dismiss</button>
            </div>`
      }
    </div>
    <dialog ref=${dialog} aria-labelledby="confirm-title" onClose=${() => set(undefined)}>
      ${
        asked === undefined
          ? null
          : html`<h2 id="confirm-title">${asked.title}</h2>
              ${asked.says.map((text) => html`<p>${text}</p>`)}
              ${
                asked.asksReason === true
                  ? html`<label>
                      Reason, shown to the former holders and in the history
                      <input ref=${reason} maxlength="1000" autocomplete="off" />
                    </label>`
                  : null
              }
              <div class="buttons">
                <button type="button" onClick=${close}>Cancel</button>
                <button
                  type="button"
                  class="danger"
                  disabled=${underWay === asked}
                  onClick=${() => void perform()}
                >
                  ${asked.verb}
                </button>
              </div>`
      }
    </dialog>
  </div>`;
}
