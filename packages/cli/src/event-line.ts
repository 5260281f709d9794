/** One event, on one line for people. */
import type { WatchEvent } from '@holdfast/client';
import { shownJson } from './json-text.ts';
import { printable } from './printable.ts';

/** @param receivedAt Told of an event that has no time of its own; undefined for one that was not just received. */
export function eventLine(event: WatchEvent, receivedAt?: Date): string {
  const at = event.time === undefined ? receivedAt : new Date(event.time * 1000);
  const { position, type, kind, resource } = event;
  const columns = [
    ...(at === undefined ? [] : [at.toISOString()]),
    position,
    type.padEnd('proclaimed'.length),
    kind.padEnd('semaphore'.length),
    resource,
    ...detailsOf(event),
  ];
  return `${printable(columns.join('  '))}\n`;
}

function detailsOf(event: WatchEvent): readonly string[] {
  const { client_id, fence_token, value } = event;
  const numbers = [
    ['permits', event.permits],
    ['limit', event.limit],
    ['count', event.count],
    ['round', event.round],
  ] as const;
  return [
    ...(client_id === undefined ? [] : [client_id]),
    ...(fence_token === undefined ? [] : [`token ${String(fence_token)}`]),
    ...(event.mode === undefined ? [] : [event.mode]),
    ...numbers.flatMap(([name, number]) =>
      number === undefined ? [] : [`${name} ${String(number)}`],
    ),
    ...(event.reason === undefined ? [] : [event.reason]),
    ...(event.note === undefined ? [] : [`(${event.note})`]),
    ...(value === undefined || value === null ? [] : [shownJson(value)]),
  ];
}
