/** Small parts that all pages are made of. */
import type { RequestFailure } from './asking.ts';
import { addressOf } from './hooks.ts';
import type { Polled } from './hooks.ts';
import { html } from './library.ts';
import type { View } from './library.ts';

export const link = (text: string, ...parts: readonly string[]): View =>
  html`<a href=${addressOf(...parts)}>${text}</a>`;

export const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toLocaleString('en');

/** A time of the day where the browser is, with its zone, and with the date where it is another day's. */
export function clock(seconds: number | undefined | null): string {
  if (seconds === undefined || seconds === null) return '–';
  const at = new Date(seconds * 1000);
  const time = at.toLocaleTimeString('en-GB', { timeZoneName: 'short' });
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? time : `${at.toLocaleDateString('en-CA')} ${time}`;
}

export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 2 * 86_400)
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** What is measured in milliseconds, mostly. */
export function duration(seconds: number): string {
  const ms = seconds * 1000;
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : span(seconds);
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(unit === 0 || value >= 99.5 ? 0 : 1)} ${units[unit] ?? ''}`;
}

type Tone = 'good' | 'bad' | 'warn' | 'plain';

export const badge = (text: string, tone: Tone = 'plain'): View =>
  html`<span class=${`badge ${tone}`}>${text}</span>`;

/** What a node refused, or that it did not answer. */
export function failureView(failure: RequestFailure): View {
  const title =
    failure.status === 403
      ? 'You may not see this'
      : failure.status === 401
        ? 'Sign in to see this'
        : failure.status === 0
          ? 'The node does not answer'
          : 'This could not be read';
  return html`<div class="notice bad" role="alert">
    <strong>${title}</strong>
    <p>${failure.message} <code>${failure.code}</code></p>
  </div>`;
}

/** The answer where there is one, and what went wrong: one element, so that its place on the page stays its own. */
export function shown<Answer>(asked: Polled<Answer>, view: (answer: Answer) => View): View {
  const { answer, failure } = asked;
  const isAwaited = answer === undefined && failure === undefined;
  return html`<div class="shown">
    <div>${failure === undefined ? null : failureView(failure)}</div>
    <div>
      ${isAwaited ? html`<p class="quiet" aria-busy="true">Loading …</p>` : null}
      ${answer === undefined ? null : view(answer)}
    </div>
  </div>`;
}

export type Cell = View | string | number | null;

export const fact = (name: string, value: Cell): View =>
  html`<div class="fact">
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => Cell;
  readonly isNumber?: boolean;
}

/** On a narrow screen each row is a card, each cell beside the name of its column. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  empty: string,
): View {
  if (rows.length === 0) return html`<p class="quiet">${empty}</p>`;
  return html`<table>
    <caption class="unseen">
      ${caption}
    </caption>
    <thead>
      <tr>
        ${columns.map(({ name, isNumber }) => html`<th scope="col" class=${isNumber === true ? 'number' : ''}>${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${columns.map(
              ({ name, cell, isNumber }) =>
                html`<td data-name=${name} class=${isNumber === true ? 'number' : ''}>
                  <span>${cell(row)}</span>
                </td>`,
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** Pages of a list: back to the first, on to the next. */
export const pager = (
  isFirst: boolean,
  next: (() => void) | undefined,
  first: () => void,
): View | null =>
  isFirst && next === undefined
    ? null
    : html`<nav class="pager" aria-label="Pages of the list">
        <button type="button" disabled=${isFirst} onClick=${first}>First page</button>
        <button type="button" disabled=${next === undefined} onClick=${next}>Next page</button>
      </nav>`;
