/** A list is searched by the beginning of what its rows are named by. */
import { html, useEffect, useState } from './library.ts';
import type { View } from './library.ts';

/** A prefix is asked for when the typing pauses. */
export function Search({
  label,
  onSearch,
}: {
  readonly label: string;
  readonly onSearch: (prefix: string) => void;
}): View {
  const [text, set] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (text === undefined) return undefined;
    const timer = setTimeout(() => onSearch(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<label class="search">
    ${label}
    <input
      type="search"
      autocomplete="off"
      spellcheck=${false}
      maxlength="256"
      onInput=${(event: InputEvent) => set((event.currentTarget as HTMLInputElement).value)}
    />
  </label>`;
}
