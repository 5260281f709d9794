/** Commands of the primitives beside locks, in few words. */
import type {
  Command,
  CommandResult,
  FenceToken,
  JsonValue,
  Mode,
  Terms,
  Wanted,
} from '../../../src/index.ts';
import { id, lockName, outcome } from './driver.ts';
import type { Driver } from './driver.ts';

let nextRequest = 9000;

export interface Ask {
  readonly waitMs?: number;
  readonly request?: number;
  readonly terms?: Terms;
}

const common = (session: string, name: string, { waitMs = 0, request, terms }: Ask) => ({
  sessionId: id(session),
  requestId: request ?? nextRequest++,
  name: lockName(name),
  waitMs,
  acquiredAtMs: 7,
  ...(terms === undefined ? {} : { terms }),
});

export const lock = (
  session: string,
  name: string,
  ask: Ask & { readonly mode?: Mode } = {},
): Command => ({ type: 'acquire', mode: ask.mode ?? 'exclusive', ...common(session, name, ask) });

export const campaign = (session: string, name: string, ask: Ask = {}): Command => ({
  type: 'campaign',
  ...common(session, name, ask),
});

export const many = (session: string, wanted: readonly Wanted[], ask: Ask = {}): Command => {
  const { name: _name, ...rest } = common(session, '', ask);
  return { type: 'acquire_many', wanted, ...rest };
};

export const wantLock = (name: string, mode: Mode = 'exclusive'): Wanted => ({
  kind: 'lock',
  name: lockName(name),
  mode,
});

export const wantPermits = (name: string, permits: number, limit: number): Wanted => ({
  kind: 'semaphore',
  name: lockName(name),
  permits,
  limit,
});

export const proclaim = (
  session: string,
  name: string,
  fenceToken: number,
  value: JsonValue,
): Command => ({
  type: 'proclaim',
  sessionId: id(session),
  name: lockName(name),
  fenceToken: fenceToken as FenceToken,
  value,
});

export const resign = (session: string, name: string, request?: number): Command => ({
  type: 'resign',
  sessionId: id(session),
  name: lockName(name),
  ...(request === undefined ? {} : { requestId: request }),
});

export const enter = (
  session: string,
  name: string,
  parties: number,
  request?: number,
): Command => ({
  type: 'enter_barrier',
  sessionId: id(session),
  name: lockName(name),
  parties,
  ...(request === undefined ? {} : { requestId: request }),
});

export const leave = (session: string, name: string, withdraw = false): Command => ({
  type: 'leave_barrier',
  sessionId: id(session),
  name: lockName(name),
  withdraw,
});

/** Each command in an entry of its own: what they are answered, in one line each. */
export function answers(driver: Driver, ...commands: readonly Command[]): readonly string[] {
  return commands.map((command) => outcome(driver.do(command)));
}

/** Insists on the grant and tells its token. */
export function granted(result: CommandResult): number {
  if (!result.ok || result.type !== 'granted') throw new Error(outcome(result));
  return result.fenceToken;
}
