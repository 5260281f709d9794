/** Who looks at the page, and how one signs in with a key where authentication is on. */
import type { AuthStatusAnswer } from '@holdfast/protocol';
import { askWith, key } from './asking.ts';
import { useAnswer } from './hooks.ts';
import { html, useState } from './library.ts';
import type { View } from './library.ts';
import { live } from './live.ts';
import { SignIn } from './sign-in-form.ts';

const everyMs = 5000;

interface CallerProps {
  /** Another caller sees other things: everything is read anew. */
  readonly onChange: () => void;
}

export function WhoLooks({ onChange }: CallerProps): View {
  const { answer, failure, reload } = useAnswer<AuthStatusAnswer>('auth', everyMs);
  const [isOpen, open] = useState(false);
  const signedIn = (): void => {
    live.restart();
    changed();
  };
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
    ${isOpen ? html`<${SignIn} check=${(given: string) => askWith('auth', given)} onDone=${signedIn} />` : null}`;
}
