/** The events of the state machine as watchers are told them. */
import type { WatchEvent } from '@holdfast/protocol';
import { primitiveDeclarations } from '@holdfast/state';
import type { Event } from '@holdfast/state';
import { positionText } from './position.ts';

type Declared = (typeof primitiveDeclarations)[number];
/** Of which events tell. */
type TellingKind = Exclude<Declared, { readonly events: readonly [] }>['kind'];
const isTelling = (
  declared: Declared,
): declared is Extract<Declared, { readonly kind: TellingKind }> => declared.events.length > 0;

/** Of what an event tells that names no kind. */
const kinds: ReadonlyMap<string, TellingKind> = new Map(
  primitiveDeclarations
    .filter(isTelling)
    .flatMap(({ kind, events }) => events.map((type): [string, TellingKind] => [type, kind])),
);

/** Without where it stands. */
type Told = Omit<WatchEvent, 'position' | 'revision' | 'time'>;

/** Undefined: it is nothing that watchers are told. */
function told(event: Event): Told | undefined {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the table of primitives tells the rest.
  switch (event.type) {
    case 'granted':
      return {
        type: 'granted',
        kind: event.kind ?? 'lock',
        resource: event.name,
        client_id: event.clientId,
        fence_token: event.fenceToken,
        ...(event.kind === undefined ? { mode: event.mode } : {}),
        ...valued(event.metadata),
      };
    case 'permits_granted':
      return {
        type: 'granted',
        kind: 'semaphore',
        resource: event.name,
        client_id: event.clientId,
        fence_token: event.fenceToken,
        permits: event.permits,
        ...valued(event.metadata),
      };
    case 'hold_ended':
      return ended(event, event.kind ?? 'lock');
    case 'permits_ended':
      return { ...ended(event, 'semaphore'), permits: event.permits };
    case 'hold_downgraded':
      return {
        type: 'downgraded',
        kind: 'lock',
        resource: event.name,
        client_id: event.clientId,
        fence_token: event.fenceToken,
        mode: 'shared',
      };
    case 'waiting':
      return {
        type: 'waiting',
        kind: event.kind ?? 'lock',
        resource: event.name,
        client_id: event.clientId,
      };
    case 'wait_ended':
      if (event.result.ok) return undefined; // `granted` tells it.
      return {
        type: 'left',
        kind: event.kind ?? 'lock',
        resource: event.name,
        client_id: event.clientId,
        reason: event.result.code,
      };
    case 'proclaimed':
      return {
        type: 'proclaimed',
        kind: 'election',
        resource: event.name,
        client_id: event.clientId,
        fence_token: event.fenceToken,
        value: event.value,
      };
    case 'semaphore_changed':
      return {
        type: event.change,
        kind: 'semaphore',
        resource: event.name,
        limit: event.limit,
      };
    case 'barrier_joined':
    case 'barrier_left':
      return {
        type: event.type === 'barrier_joined' ? 'entered' : 'left',
        kind: 'barrier',
        resource: event.name,
        client_id: event.clientId,
        round: event.round,
      };
    case 'barrier_opened':
    case 'barrier_over':
      return {
        type: event.type === 'barrier_opened' ? 'opened' : 'over',
        kind: 'barrier',
        resource: event.name,
        round: event.round,
      };
    case 'queue_ready':
    case 'access_changed':
    case 'session_created':
    case 'session_ended':
      return undefined;
    default: {
      const kind = kinds.get(event.type);
      const { change: type, name: resource, count } = event;
      return kind && { type, kind, resource, count };
    }
  }
}

const valued = (value: Told['value']): Pick<Told, 'value'> =>
  value === undefined ? {} : { value };

function ended(
  event: Extract<Event, { type: 'hold_ended' | 'permits_ended' }>,
  kind: Told['kind'],
): Told {
  const { name, clientId, fenceToken, reason, note } = event;
  return {
    type: reason === 'expired' ? 'expired' : 'released',
    kind,
    resource: name,
    client_id: clientId,
    fence_token: fenceToken,
    // The end of a session by its client is a release of all that it holds.
    reason: reason === 'session_ended' ? 'released' : reason,
    ...(note === undefined ? {} : { note }),
  };
}

/** The events of one log entry, in order, each with its place among all changes of the entry (POSITION-1). */
export function wireEvents(
  revision: number,
  events: readonly Event[],
  wallMs?: number,
): readonly WatchEvent[] {
  const at = wallMs === undefined ? {} : { time: wallMs / 1000 };
  const all: WatchEvent[] = [];
  for (const [index, event] of events.entries()) {
    const one = told(event);
    if (one === undefined) continue;
    const { identity } = event;
    all.push({
      position: positionText({ revision, number: index + 1 }),
      revision,
      ...at,
      ...one,
      ...(identity === undefined ? {} : { identity }),
    });
  }
  return all;
}

/** What an event is about, for those who wait for something about it. */
export function keysOf(event: Event): readonly string[] {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the table of primitives tells the rest.
  switch (event.type) {
    case 'session_ended':
      return [`session ${event.sessionId}`];
    case 'barrier_opened':
    case 'barrier_over':
      return [`round ${String(event.round)}`];
    case 'queue_ready':
      return [`queue ${event.name}`];
    case 'hold_ended':
      return event.kind === 'election' ? [`election ${event.name}`] : [];
    case 'granted':
    case 'waiting':
    case 'wait_ended':
      return event.kind === 'election' ? [`election ${event.name}`] : [];
    case 'proclaimed':
      return [`election ${event.name}`];
    case 'barrier_joined':
    case 'barrier_left':
    case 'hold_downgraded':
    case 'permits_granted':
    case 'permits_ended':
    case 'semaphore_changed':
    case 'session_created':
    case 'access_changed':
      return [];
    default:
      return [`${String(kinds.get(event.type))} ${event.name}`];
  }
}
