/** Where one gives the key that one looks with. */
import { asFailure, key } from './asking.ts';
import { html, useRef, useState } from './library.ts';
import type { View } from './library.ts';

interface FormProps {
  /** Something that is refused to whoever has no such key. It is kept only where that is answered. */
  readonly check: (key: string) => Promise<unknown>;
  /** The key is kept by then. */
  readonly onDone: () => void;
}

export function SignIn({ check, onDone }: FormProps): View {
  const field = useRef<HTMLInputElement>(null);
  const [problem, tell] = useState('');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = field.current?.value.trim() ?? '';
    try {
      await check(given);
    } catch (error) {
      tell(asFailure(error).message);
      return;
    }
    key.keep(given);
    onDone();
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
