/** Queues of messages: their numbers, the keys that are blocked and why, the dead letters and their redrive. */
import type {
  BlockedBy,
  BlockedKey,
  DeadLetter,
  QueueBlockedKeysAnswer,
  QueueDeadLettersAnswer,
  QueueRedriveAnswer,
  QueueStats,
  QueueStatsAnswer,
} from '@holdfast/protocol';
import { ask, pathOf } from './asking.ts';
import { confirm } from './confirming.ts';
import { useAnswer } from './hooks.ts';
import { html, useState } from './library.ts';
import type { View } from './library.ts';
import { badge, fact, link, number, pager, shown, span, table } from './parts.ts';
import { Search } from './search.ts';

/** Queues are not told by the watch. */
const everyMs = 2000;
const rowsOnAPage = 50;
const payloadShown = 200;

const numbers: readonly (readonly [string, (queue: QueueStats) => number])[] = [
  ['Ready', ({ ready }) => ready],
  ['In flight', ({ in_flight }) => in_flight],
  ['Delayed', ({ delayed }) => delayed],
  ['Blocked', ({ blocked }) => blocked],
  ['Dead letters', ({ dead_letters }) => dead_letters],
];

export function Queues(): View {
  const [{ prefix, after }, go] = useState({ prefix: '', after: '' });
  const asked = useAnswer<QueueStatsAnswer>(
    pathOf('queue/stats', { prefix, after, limit: rowsOnAPage }),
    everyMs,
  );
  return html`<h1>Queues</h1>
    <${Search}
      label="Search by the beginning of the name"
      onSearch=${(wanted: string) => go({ prefix: wanted, after: '' })}
    />
    ${shown(asked, ({ queues, next_after: next }) => {
      return html`${table<QueueStats>(
        'Queues',
        [
          { name: 'Queue', cell: ({ queue }) => link(queue, 'queue', queue) },
          ...numbers.map(([name, of]) => ({
            name,
            isNumber: true,
            cell: (queue: QueueStats) => number(of(queue)),
          })),
          {
            name: 'Oldest',
            isNumber: true,
            cell: ({ oldest_age_seconds }) => span(oldest_age_seconds),
          },
        ],
        queues,
        prefix === '' ? 'No queues.' : `None begins with “${prefix}”.`,
      )}
      ${pager(after === '', next === null ? undefined : () => go({ prefix, after: next }), () =>
        go({ prefix, after: '' }),
      )}`;
    })}`;
}

function redrive(queue: string, letter: DeadLetter | undefined, count: number): void {
  confirm({
    title:
      letter === undefined
        ? `Redrive the dead letters of “${queue}”?`
        : `Redrive message ${letter.id} of “${queue}”?`,
    says: [
      letter === undefined
        ? `Up to 1,000 of ${number(count)} dead letters, the oldest first, become messages again and are delivered anew.`
        : `It becomes a message again and is delivered anew, after ${letter.deliveries === 1 ? '1 delivery' : `${number(letter.deliveries)} deliveries`} that came to nothing.`,
      'What failed before may fail again: see that its cause is mended.',
    ],
    verb: 'Redrive',
    perform: async () => {
      const body = letter === undefined ? { queue } : { queue, id: letter.id };
      const answer = await ask<QueueRedriveAnswer>('queue/redrive', undefined, 'POST', body);
      return `${number(answer.redriven)} ${answer.redriven === 1 ? 'is a message' : 'are messages'} again${answer.more ? '; there are more' : ''}.`;
    },
  });
}

const reasons: Readonly<Record<BlockedBy, string>> = {
  in_flight: 'a message of it is delivered and not acknowledged yet',
  retry: 'a message of it waits to be delivered again',
  dead_letter: 'a message of it is a dead letter: redrive or purge it',
};

function Blocked({ queue }: { readonly queue: string }): View {
  const [after, go] = useState('');
  const asked = useAnswer<QueueBlockedKeysAnswer>(
    pathOf('queue/blocked', { queue, after, limit: rowsOnAPage }),
    everyMs,
  );
  return shown(asked, (answer) => {
    const next = answer.next_after;
    return html`${table<BlockedKey>(
      'Blocked keys',
      [
        { name: 'Key', cell: ({ key }) => key },
        { name: 'Why', cell: ({ because }) => reasons[because] },
        { name: 'Message', isNumber: true, cell: ({ message_id }) => message_id },
        { name: 'Waiting behind', isNumber: true, cell: ({ waiting }) => number(waiting) },
        {
          name: 'Ends in',
          isNumber: true,
          cell: ({ ends_in_seconds }) => span(ends_in_seconds),
        },
      ],
      answer.keys,
      'No key is blocked.',
    )}
    ${pager(after === '', next === null ? undefined : () => go(next), () => go(''))}`;
  });
}

const shortened = (payload: unknown): string => {
  const text = JSON.stringify(payload) ?? '';
  return text.length > payloadShown ? `${text.slice(0, payloadShown)} …` : text;
};

function DeadLetters({ queue }: { readonly queue: string }): View {
  const [after, go] = useState<number | undefined>(undefined);
  const asked = useAnswer<QueueDeadLettersAnswer>(
    pathOf('queue/dead', { queue, after, limit: rowsOnAPage }),
    everyMs,
  );
  return shown(asked, (answer) => {
    const next = answer.next_after;
    return html`${table<DeadLetter>(
      'Dead letters',
      [
        { name: 'Message', isNumber: true, cell: ({ id }) => id },
        { name: 'Key', cell: ({ key }) => (key === '' ? '–' : key) },
        { name: 'Deliveries', isNumber: true, cell: ({ deliveries }) => number(deliveries) },
        { name: 'Reason', cell: ({ reason }) => (reason === '' ? '–' : reason) },
        {
          name: 'Payload',
          cell: ({ payload, payload_missing }) =>
            payload_missing ? 'missing' : html`<code>${shortened(payload)}</code>`,
        },
        { name: 'For', isNumber: true, cell: ({ age_seconds }) => span(age_seconds) },
        {
          name: 'Action',
          cell: (letter) =>
            html`<button
              type="button"
              aria-label=${`Redrive message ${letter.id}`}
              onClick=${() => redrive(queue, letter, 1)}
            >
              Redrive …
            </button>`,
        },
      ],
      answer.dead_letters,
      'None.',
    )}
    ${pager(after === undefined, next === null ? undefined : () => go(next), () => go(undefined))}`;
  });
}

export function Queue({ name }: { readonly name: string }): View {
  const asked = useAnswer<QueueStatsAnswer>(pathOf('queue/stats', { queue: name }), everyMs);
  return html`<p>${link('Queues', 'queues')}</p>
    <h1 class="name">${name}</h1>
    ${shown(asked, ({ queues: [queue] }) =>
      queue === undefined
        ? html`<p class="quiet">There is no such queue.</p>`
        : html`<p class="line">
              ${badge(`order: ${queue.order}`)} ${badge(`dead letters: ${queue.on_dead}`)}
            </p>
            <dl class="facts">
              ${numbers.map(([title, of]) => fact(title, number(of(queue))))}
              ${fact('Oldest', span(queue.oldest_age_seconds))}
              ${fact('Pushed a second', queue.rates.pushed.toFixed(1))}
              ${fact('Acknowledged a second', queue.rates.acknowledged.toFixed(1))}
            </dl>
            <h2>Blocked keys <span class="quiet">${number(queue.blocked_keys)}</span></h2>
            <${Blocked} key=${name} queue=${name} />
            <h2>Dead letters <span class="quiet">${number(queue.dead_letters)}</span></h2>
            ${
              queue.dead_letters === 0
                ? null
                : html`<p>
                    <button
                      type="button"
                      class="danger"
                      onClick=${() => redrive(name, undefined, queue.dead_letters)}
                    >
                      Redrive all …
                    </button>
                  </p>`
            }
            <${DeadLetters} key=${name} queue=${name} />`,
    )}`;
}
