/** The page of a lease node: the nodes of its set side by side, and on how many of them each lease stands. */
import type { QuorumNodesAnswer } from '@holdfast/protocol';
import { ask, askWith, key, pathOf } from './asking.ts';
import { useRead } from './hooks.ts';
import type { Polled } from './hooks.ts';
import { leasesTable, nodesTable, summary } from './lease-tables.ts';
import { html, render, useEffect, useRef, useState } from './library.ts';
import type { View } from './library.ts';
import { number, pager, shown } from './parts.ts';
import { Search } from './search.ts';
import { SignIn } from './sign-in-form.ts';

const everyMs = 2000;

const useNodes = (prefix = '', after = ''): Polled<QuorumNodesAnswer> => {
  const path = pathOf('nodes', { prefix, after });
  return useRead(path, (signal) => ask<QuorumNodesAnswer>(path, signal), everyMs);
};

function Leases(): View {
  const [{ prefix, after }, go] = useState({ prefix: '', after: '' });
  const asked = useNodes(prefix, after);
  return html`<h2>Leases</h2>
    <${Search}
      label="Search by the beginning of the name"
      onSearch=${(wanted: string) => go({ prefix: wanted, after: '' })}
    />
    ${shown(asked, (told) => {
      const { next } = told;
      return html`${leasesTable(told, prefix)}
      ${pager(after === '', next === null ? undefined : () => go({ prefix, after: next }), () =>
        go({ prefix, after: '' }),
      )}`;
    })}`;
}

interface CallerProps {
  /** The node asks for a key. */
  readonly isAsked: boolean;
  /** Another caller sees other things: everything is read anew. */
  readonly onChange: () => void;
}

function WhoLooks({ isAsked, onChange }: CallerProps): View {
  const signOut = (): void => {
    key.forget();
    onChange();
  };
  if (key.read() !== '')
    return html`<span class="caller"
      ><button type="button" onClick=${signOut}>Sign out</button></span
    >`;
  if (!isAsked) return html`<span class="caller"></span>`;
  return html`<${SignIn} check=${(given: string) => askWith('nodes', given)} onDone=${onChange} />`;
}

function Application(): View {
  const [caller, another] = useState(0);
  return html`<${Page} key=${caller} onChange=${() => another((number) => number + 1)} />`;
}

function Page({ onChange }: Pick<CallerProps, 'onChange'>): View {
  const asked = useNodes();
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = 'Lease nodes – Holdfast';
  }, []);
  const status = asked.failure?.status;
  const toMain = (event: Event): void => {
    event.preventDefault();
    main.current?.focus();
  };
  return html`<a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <header>
      <a class="brand" href="./"
        ><img src="dashboard/icon.svg" alt="" width="22" height="22" />Holdfast</a
      >
      <nav aria-label="Pages"><a href="#/" aria-current="page">Lease nodes</a></nav>
      <span class="connection" role="status">
        <span class=${`badge ${status === 0 ? 'bad' : 'plain'}`}
          >${status === 0 ? 'connection lost' : `read every ${number(everyMs / 1000)} s`}</span
        >
      </span>
      <${WhoLooks} isAsked=${status === 401} onChange=${onChange} />
    </header>
    <main id="main" ref=${main} tabindex="-1">
      <h1>Lease nodes</h1>
      ${shown(asked, (told) => html`${summary(told)} ${nodesTable(told)}`)}
      ${status === 401 ? null : html`<${Leases} />`}
    </main>`;
}

const root = document.getElementById('application');
if (root !== null) {
  root.replaceChildren();
  render(html`<${Application} />`, root);
}
