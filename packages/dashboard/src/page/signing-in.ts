/** Who looks at the page, and how one signs in with a key where authentication is on. */
import type { AuthStatusAnswer } from '@holdfast/protocol';
import { ask, asFailure, key } from './asking.ts';
import { useAnswer } from './hooks.ts';
import { html, useRef, useState } from './library.ts';
import type { View } from './library.ts';
import { live } from './live.ts';

const everyMs = 5000;

interface FormProps {
  readonly onDone: () => void;
}

function Form({ onDone }: FormProps): View {
  const field = useRef<HTMLInputElement>(null);
  const [problem, tell] = useState('');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const before = key.read();
    key.keep(field.current?.value.trim() ?? '');
    try {
      await ask<AuthStatusAnswer>('auth');
      live.restart();
      onDone();
    } catch (error) {
      if (before === '') key.forget();
      else key.keep(before);
      tell(asFailure(error).message);
    }
  };
  return html`<form class="sign-in" onSubmit=${(event: Event) => void submit(event)}>
    <h2>Sign in</h2>
    <p>
      What is shown is what the identity of the key may read. The key is kept until this tab is
      closed.
    </p>
    <label>
      API key
      <input ref=${field} type="password" autocomplete="off" required placeholder="hf_…" />
    </label>
    ${problem === '' ? null : html`<p class="notice bad" role="alert">${problem}</p>`}
    <div class="buttons"><button type="submit" class="main">Sign in</button></div>
  </form>`;
}

interface CallerProps {
  /** Another caller sees other things: everything is read anew. */
  readonly onChange: () => void;
}

export function WhoLooks({ onChange }: CallerProps): View {
  const { answer, failure, reload } = useAnswer<AuthStatusAnswer>('auth', everyMs);
  const [isOpen, open] = useState(false);
  const changed = (): void => {
    open(false);
    reload();
    onChange();
  };
  const signOut = (): void => {
    key.forget();
    live.restart();
    changed();
  };
  const isKeyRefused = failure?.status === 401 && key.read() !== '';
  if (isKeyRefused)
    return html`<span class="caller"
      >The key holds no more <button type="button" onClick=${signOut}>Sign out</button></span
    >`;
  if (answer === undefined || !answer.enabled) return html`<span class="caller"></span>`;
  return html`<span class="caller">
      <span title=${`Roles: ${answer.roles.join(', ')}`}>${answer.identity}</span>
      ${
        key.read() === ''
          ? html`<button type="button" aria-expanded=${isOpen} onClick=${() => open(!isOpen)}>
              Sign in
            </button>`
          : html`<button type="button" onClick=${signOut}>Sign out</button>`
      }
    </span>
    ${isOpen ? html`<${Form} onDone=${changed} />` : null}`;
}
