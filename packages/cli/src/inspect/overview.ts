/** What an inspected folder is as a whole. */
import type { SeenChain } from '@holdfast/server/audit';
import type { InspectedFolder, InspectedState } from '@holdfast/server/inspect';
import { printable } from '../printable.ts';
import { countOfKind, listedKinds } from './lists.ts';
import { wireRecord } from './wire-names.ts';

/** For programs. @param audit Chains of records in the folder. */
export function overview(inspected: InspectedFolder, audit: readonly SeenChain[]): object {
  const { folder, identity, membership, log, payloads, problems, state } = inspected;
  return wireRecord({
    folder,
    identity: identity ?? null,
    members: membership?.members ?? identity?.initialMembers ?? null,
    log,
    payloads: payloads.map(({ unreadable, ...file }) => ({
      ...file,
      unreadable: unreadable ?? null,
    })),
    audit: audit.map(({ last, ...chain }) => ({ ...chain, last: last ?? null })),
    problems,
    state: state === undefined ? null : stateOverview(state),
  });
}

function stateOverview(inspected: InspectedState): object {
  const { state, index, committedIndex, lastIndex, snapshotAlone } = inspected;
  return {
    index,
    committedIndex,
    lastIndex,
    snapshotAlone,
    timeMs: state.time,
    featureLevel: state.featureLevel,
    authentication: state.access.isEnabled,
    auditRecords: state.audit.size,
    counts: Object.fromEntries(
      listedKinds(inspected).map((kind) => [kind, countOfKind(state, kind)]),
    ),
    stats: state.stats(),
    limits: state.limits,
  };
}

type Line = readonly [name: string, text: string];

/** For people. */
export function overviewText(inspected: InspectedFolder, audit: readonly SeenChain[]): string {
  const { log, payloads, problems, state } = inspected;
  const parts = [
    table(nodeLines(inspected)),
    segmentLines(log.segments),
    snapshotLines(log.snapshots),
    payloadLines(payloads),
    auditLines(audit),
    ...(state === undefined ? [] : [table(stateLines(state)), table(limitLines(state))]),
    log.repairs.map((text) => `${printable(text)}\n`).join(''),
    problems.map((text) => `Problem: ${printable(text)}\n`).join(''),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function nodeLines({ folder, identity, membership, log }: InspectedFolder): readonly Line[] {
  const { hardState, format } = log;
  const members = membership?.members ?? identity?.initialMembers ?? [];
  const whose: readonly Line[] =
    identity === undefined
      ? []
      : [
          ['cluster', identity.clusterId],
          ['node', identity.nodeId],
          ['incarnation', identity.incarnation],
          ...('log' in identity
            ? ([
                ['log id', identity.log.id],
                ['starts', String(identity.log.starts ?? 0)],
                ['writes, at least', String(identity.log.frames ?? 0)],
              ] satisfies Line[])
            : []),
        ];
  return [
    ['folder', folder],
    ...whose,
    [
      'members',
      members.map(({ id, address }) => `${id}${address === '' ? '' : ` (${address})`}`).join(', '),
    ],
    ['log', formats[format]],
    ['term', String(hardState?.term ?? '-')],
    ['voted for', hardState?.votedFor ?? '-'],
    ['committed, at least', String(hardState?.commit ?? '-')],
  ];
}

const formats = {
  segments: 'segments of the present format',
  former: 'a SQLite file of the format before: the first start converts it',
  none: 'none yet',
} as const;

type Segments = InspectedFolder['log']['segments'];
type Snapshots = InspectedFolder['log']['snapshots'];

function segmentLines(segments: Segments): string {
  return segments
    .map(({ segment, frames, usedBytes, byteLength, first, last, isSealed, torn, damage }) => {
      const entries =
        first === undefined || last === undefined
          ? 'no entries'
          : `entries ${String(first.index)} (term ${String(first.term)}) to ${String(last.index)} (term ${String(last.term)})`;
      const end = damage ?? (torn === undefined ? undefined : 'its last write was cut short');
      return (
        `segment ${String(segment)}: ${entries}, ${String(frames)} writes, ${String(usedBytes)} of ${String(byteLength)} bytes` +
        `${isSealed ? ', sealed' : ''}${end === undefined ? '' : `; ${printable(end)}`}\n`
      );
    })
    .join('');
}

function snapshotLines(snapshots: Snapshots): string {
  return snapshots
    .map(
      ({ index, hash, byteLength, isReceived, problem }) =>
        `snapshot at ${String(index)}: ${String(byteLength)} bytes, SHA-256 ${printable(hash)}` +
        `${isReceived ? ', received from a leader' : ''}, ${problem === undefined ? 'verified' : `not whole: ${printable(problem)}`}\n`,
    )
    .join('');
}

function payloadLines(files: InspectedFolder['payloads']): string {
  return files
    .map(({ name, payloads, byteLength, damaged, unreadable }) => {
      const parts = [
        `payloads ${printable(name)}: ${String(payloads)} of messages, ${String(byteLength)} bytes`,
        ...(damaged === 0
          ? []
          : [`${String(damaged)} of them damaged: the node asks other members for these`]),
        ...(unreadable === undefined
          ? []
          : [`a part of it cannot be read: ${printable(unreadable)}`]),
      ];
      return `${parts.join('; ')}\n`;
    })
    .join('');
}

function auditLines(audit: readonly SeenChain[]): string {
  return audit
    .map(({ chain, files, byteLength, first, last }) => {
      const records =
        last === undefined
          ? 'no whole record'
          : `records ${String(first)} to ${String(last.seq)}, SHA-256 ${printable(last.hash)}`;
      return `audit of ${printable(chain)}: ${records}, ${String(files)} ${files === 1 ? 'file' : 'files'}, ${String(byteLength)} bytes\n`;
    })
    .join('');
}

function stateLines(inspected: InspectedState): readonly Line[] {
  const { state, index, lastIndex, snapshotAlone } = inspected;
  const { fenceCounter, activeSessions, heldLocks, waiters } = state.stats();
  const behind = lastIndex - index;
  return [
    [
      'state as of entry',
      `${String(index)}${snapshotAlone ? ', of the snapshot alone: what follows it is damaged' : ''}`,
    ],
    ...(behind > 0
      ? ([
          [
            'not applied',
            `${String(behind)} entries that are not known here to be committed (--uncommitted applies them)`,
          ],
        ] satisfies Line[])
      : []),
    ['feature level', String(state.featureLevel)],
    ['authentication', state.access.isEnabled ? 'on' : 'off'],
    ['fence counter', String(fenceCounter)],
    ['living sessions', String(activeSessions)],
    ['held', String(heldLocks)],
    ['waiting', String(waiters)],
    ...listedKinds(inspected).map((kind): Line => [
      `of kind ${kind}`,
      String(countOfKind(state, kind)),
    ]),
  ];
}

const limitLines = ({ state }: InspectedState): readonly Line[] =>
  Object.entries(state.limits).map(([name, limit]): Line => [`limit ${name}`, String(limit)]);

function table(lines: readonly Line[]): string {
  const width = lines.reduce((most, [name]) => Math.max(most, name.length), 0);
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${printable(text)}\n`).join('');
}
