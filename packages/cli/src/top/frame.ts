/** One frame of `holdfast top`: lines of text, a pure function of the report and the size. */
import { cutTo, printable } from '../printable.ts';
import type { HotLock, NodeReport, Report } from './report.ts';
import { layOut } from './table.ts';

export interface FrameLine {
  readonly text: string;
  readonly look: 'plain' | 'title' | 'head' | 'alarm';
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** @param size Of the terminal; without one everything is shown. */
export function composeFrame(report: Report, size?: Size): readonly FrameLine[] {
  const width = size?.columns;
  const top = [
    ...summary(report).map(({ text, look }) => ({
      text: width === undefined ? printable(text) : cutTo(printable(text), width),
      look,
    })),
    blank,
    ...nodeTable(report, width),
    blank,
  ];
  if (size === undefined) return [...top, ...lockTable(report, width, undefined)];
  return [...top, ...lockTable(report, width, size.rows - top.length)].slice(0, size.rows);
}

const blank: FrameLine = { text: '', look: 'plain' };

function summary(report: Report): readonly FrameLine[] {
  const { rates } = report;
  const answering = report.nodes.filter((node) => node.no_contact_since === null).length;
  const lines: FrameLine[] = [
    {
      text: spaced([`holdfast top`, report.cluster_id ?? '', timeOf(report.at)]),
      look: 'title',
    },
  ];
  if (report.no_contact_since !== null) {
    lines.push({
      text: `no contact with any node since ${timeOf(report.no_contact_since)} (${ageOf(report.no_contact_since, report.at)}); what follows is of then`,
      look: 'alarm',
    });
  }
  lines.push(
    {
      text: spaced([
        report.leader === null ? 'no leader' : `leader ${report.leader}`,
        `term ${whole(report.term)}`,
        `nodes ${String(report.nodes.length)}, ${String(answering)} answering`,
      ]),
      look: report.leader === null || answering < report.nodes.length ? 'alarm' : 'plain',
    },
    {
      text: spaced([
        `grants ${rate(rates.grants)}/s`,
        `commands ${rate(rates.commands)}/s`,
        `commit ${rates.commit_ms === null ? '-' : rates.commit_ms.toFixed(1)} ms`,
        `sessions created ${rate(rates.sessions_created)}/s`,
        `expired ${rate(rates.sessions_expired)}/s`,
      ]),
      look: 'plain',
    },
    {
      text: spaced([
        `sessions ${whole(report.sessions)}`,
        `locks held ${whole(report.locks_held)}`,
        `waiters ${whole(report.waiters)}`,
      ]),
      look: 'plain',
    },
  );
  return lines;
}

function nodeTable({ nodes, at }: Report, width: number | undefined): readonly FrameLine[] {
  const column = (cellOf: (node: NodeReport) => string): readonly string[] => nodes.map(cellOf);
  const lines = layOut(
    [
      { head: 'NODE', cells: column((node) => node.node_id), importance: 0, mayBeLong: true },
      { head: 'ROLE', cells: column((node) => node.role), importance: 1 },
      { head: 'URL', cells: column((node) => node.url || '-'), importance: 5, mayBeLong: true },
      {
        head: 'APPLIED',
        cells: column((node) => whole(node.applied_index)),
        align: 'right',
        importance: 4,
      },
      {
        head: 'BEHIND',
        cells: column((node) => whole(node.behind)),
        align: 'right',
        importance: 3,
      },
      {
        head: 'CONTACT',
        cells: column(({ no_contact_since: since }) =>
          since === null ? 'answers' : `no contact since ${timeOf(since)} (${ageOf(since, at)})`,
        ),
        importance: 2,
      },
    ],
    width,
  );
  return lines.map((text, position) => ({
    text,
    look:
      position === 0 ? 'head' : nodes[position - 1]?.no_contact_since === null ? 'plain' : 'alarm',
  }));
}

/** @param rows That are left for it; the last one tells what had no room. */
function lockTable(
  report: Report,
  width: number | undefined,
  rows: number | undefined,
): readonly FrameLine[] {
  const all = report.locks_complete && report.locks_read === report.hottest.length;
  // One row is the head's, one that of the line below, unless everything has room.
  const room =
    rows === undefined || (all && report.hottest.length < rows)
      ? report.hottest.length
      : Math.max(0, rows - 2);
  const shown = report.hottest.slice(0, room);
  const column = (cellOf: (lock: HotLock) => string): readonly string[] => shown.map(cellOf);
  const lines = layOut(
    [
      { head: 'LOCK', cells: column((lock) => lock.resource), importance: 0, mayBeLong: true },
      {
        head: 'WAITERS',
        cells: column((lock) => whole(lock.waiter_count)),
        align: 'right',
        importance: 1,
      },
      { head: 'MODE', cells: column((lock) => lock.mode ?? '-'), importance: 6 },
      {
        head: 'HELD',
        cells: column((lock) => (lock.held_seconds === null ? '-' : lengthOf(lock.held_seconds))),
        align: 'right',
        importance: 4,
      },
      {
        head: 'FENCE TOKEN',
        cells: column((lock) => (lock.fence_token === null ? '-' : String(lock.fence_token))),
        align: 'right',
        importance: 5,
      },
      {
        head: 'HOLDER',
        cells: column((lock) => several(lock.holders)),
        importance: 2,
        mayBeLong: true,
      },
      {
        head: 'QUEUE',
        cells: column((lock) => several(lock.queue, lock.waiter_count)),
        importance: 3,
      },
    ],
    width,
  ).map((text, position): FrameLine => ({ text, look: position === 0 ? 'head' : 'plain' }));
  const rest = report.locks_read - shown.length;
  if (rest === 0 && report.locks_complete) return lines;
  const scope = report.locks_complete
    ? `${whole(rest)} more`
    : `${whole(rest)} more, and others: only the first ${whole(report.locks_read)} by name were compared`;
  return [...lines, { text: width === undefined ? scope : cutTo(scope, width), look: 'plain' }];
}

/** The first one in full, the others as a number where there are many. */
function several(names: readonly string[], count = names.length): string {
  if (count === 0 || names.length === 0) return '-';
  const shown = names.slice(0, 3);
  const rest = count - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` +${String(rest)}` : ''}`;
}

const spaced = (parts: readonly string[]): string =>
  parts.filter((part) => part !== '').join('   ');

/** With groups of three: 1,234. */
const whole = (value: number | null): string =>
  value === null ? '-' : String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

const rate = (value: number | null): string =>
  value === null ? '-' : value < 10 ? value.toFixed(1) : whole(Math.round(value));

/** 12:00:05Z */
const timeOf = (iso: string): string => `${iso.slice(11, 19)}Z`;

const ageOf = (since: string, at: string): string =>
  lengthOf(Math.max(0, Date.parse(at) - Date.parse(since)) / 1000);

/** 5 s, 3 min 12 s, 2 h 5 min, 3 d 4 h */
function lengthOf(seconds: number): string {
  const total = Math.floor(seconds);
  const parts = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'min'],
    [total % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${String(count)} ${unit}`)
    .join(' ');
}
