/** The page: its pages by what stands behind `#/`, whether it is connected, who looks at it. */
import { Audit } from './audit.ts';
import { CachePage } from './cache.ts';
import { Cluster } from './cluster.ts';
import { Confirming } from './confirming.ts';
import { addressOf, useAddress, useConnection } from './hooks.ts';
import { kindOf, kinds } from './kinds.ts';
import { html, render, useEffect, useRef, useState } from './library.ts';
import type { View } from './library.ts';
import { live } from './live.ts';
import type { ConnectionState } from './live.ts';
import { Queue, Queues } from './queues.ts';
import { Resource } from './resource.ts';
import { Resources } from './resources.ts';
import { Session, Sessions } from './sessions.ts';
import { WhoLooks } from './signing-in.ts';
import { Waits } from './waits.ts';

const sections: readonly (readonly [address: string, title: string, pages: readonly string[]])[] = [
  ['cluster', 'Cluster', ['cluster', '']],
  ['resources', 'Resources', ['resources', 'resource']],
  ['sessions', 'Sessions', ['sessions', 'session']],
  ['waits', 'Waits', ['waits']],
  ['queues', 'Queues', ['queues', 'queue']],
  ['cache', 'Cache', ['cache']],
  ['audit', 'Audit', ['audit']],
];

function pageOf([page = '', first = '', second = '']: readonly string[]): View {
  const [locks] = kinds;
  switch (page) {
    case '':
    case 'cluster':
      return html`<${Cluster} />`;
    case 'resources':
      return html`<${Resources} kind=${kindOf(first) ?? locks} />`;
    case 'resource': {
      const kind = kindOf(first);
      if (kind === undefined) break;
      return html`<${Resource} key=${`${first}/${second}`} kind=${kind} name=${second} />`;
    }
    case 'sessions':
      return html`<${Sessions} />`;
    case 'session':
      return html`<${Session} key=${first} id=${first} />`;
    case 'waits':
      return html`<${Waits} />`;
    case 'audit':
      return html`<${Audit} chain=${first} />`;
    case 'cache':
      return html`<${CachePage} />`;
    case 'queues':
      return html`<${Queues} />`;
    case 'queue':
      return html`<${Queue} key=${first} name=${first} />`;
  }
  return html`<h1>There is no such page</h1>`;
}

const told: Readonly<Record<ConnectionState, readonly [text: string, tone: string]>> = {
  connecting: ['connecting', 'plain'],
  live: ['live', 'good'],
  lost: ['connection lost', 'bad'],
  refused: ['not live', 'warn'],
};

const explained: Readonly<Record<ConnectionState, string>> = {
  connecting: 'The watch is being opened.',
  live: 'Changes are shown as they happen.',
  lost: 'The node does not answer. What is shown may be old; it is asked again and again.',
  refused: 'The watch is refused to you: the page reads again every few seconds.',
};

function Application(): View {
  const address = useAddress();
  const connection = useConnection();
  const [caller, another] = useState(0);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const at = address.join('/');
  useEffect(() => {
    const title = main.current?.querySelector('h1')?.textContent ?? '';
    document.title = `${title} – Holdfast`;
    // Who hears the page is told that it is another one.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [at]);
  const [text, tone] = told[connection];
  return html`<a
      class="skip"
      href="#main"
      onClick=${(event: Event) => {
        event.preventDefault();
        main.current?.focus();
      }}
      >To the content</a
    >
    <header>
      <a class="brand" href="#/cluster"
        ><img src="dashboard/icon.svg" alt="" width="22" height="22" />Holdfast</a
      >
      <nav aria-label="Pages">
        ${sections.map(
          ([name, title, pages]) =>
            html`<a
              href=${addressOf(name)}
              aria-current=${pages.includes(address[0] ?? '') ? 'page' : undefined}
              >${title}</a
            >`,
        )}
      </nav>
      <span class="connection" role="status" title=${explained[connection]}>
        <span class=${`badge ${tone}`}>${text}</span>
      </span>
      <${WhoLooks} onChange=${() => another((number) => number + 1)} />
    </header>
    <div>
      ${
        connection === 'lost'
          ? html`<div class="notice bad banner" role="alert">
              <strong>Connection lost.</strong> ${explained.lost}
            </div>`
          : null
      }
    </div>
    <main id="main" ref=${main} tabindex="-1" key=${caller}>
      <${Confirming} />
      <div class="page">${pageOf(address)}</div>
    </main>`;
}

const root = document.getElementById('application');
if (root !== null) {
  root.replaceChildren();
  live.restart();
  render(html`<${Application} />`, root);
}
