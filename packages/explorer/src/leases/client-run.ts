/**
 * One client: `attempt`, `release` and `validForMs` as they ship. An attempt waits in the middle, so that its state is
 * what it was answered so far, in order; it is brought there again by answering the same to a new one.
 *
 * Timers never run out by themselves: that a voter had its time is an input like any other (`silent`), and a
 * release that is not heard is not repeated.
 */
import { attempt, release, validForMs } from '@holdfast/quorum-client/parts';
import type { Attempt, QuorumSettings, Voter } from '@holdfast/quorum-client/parts';
import { drift, resource } from './lease-node-run.ts';
import { nodeCount } from './messages.ts';
import type { LeaseMessage } from './messages.ts';

export type VoterReply =
  | {
      readonly type: 'voted';
      readonly voter: number;
      readonly answer: number | 'denied' | 'silent';
    }
  | { readonly type: 'confirmed'; readonly voter: number; readonly answer: boolean | 'silent' };

export type ClientState =
  | { readonly type: 'idle'; readonly client: number; readonly attempts: number }
  | {
      readonly type: 'asking';
      readonly client: number;
      readonly attempts: number;
      readonly age: number;
      readonly heard: readonly VoterReply[];
      /** What it waits for. */
      readonly asked: 'voted' | 'confirmed';
      readonly pending: readonly number[];
    }
  | {
      readonly type: 'held';
      readonly client: number;
      readonly attempts: number;
      readonly token: number;
      readonly age: number;
    };

export interface ClientStep {
  readonly state: ClientState;
  readonly sent: readonly LeaseMessage[];
}

export const leaseOf = ({ client, attempts }: ClientState): string =>
  `${String(client + 1)}.${String(attempts)}`;

/** For how long it believes in its lease still. */
export function validFor(state: ClientState, ttl: number): number {
  if (state.type !== 'held') return 0;
  const settings = settingsOf([], { now: state.age }, '', ttl);
  return validForMs(settings, { monotonicMs: 0, bootMs: 0 });
}

function settingsOf(
  voters: readonly Voter[],
  time: { readonly now: number },
  lease: string,
  ttl: number,
): QuorumSettings {
  return {
    voters,
    clock: {
      now: () => time.now,
      bootNow: () => time.now,
      after: () => () => undefined,
      random: () => 0,
    },
    newId: () => lease,
    ttlMs: ttl,
    driftBufferMs: drift,
    nodeTimeoutMs: 1,
  };
}

/** One attempt that is under way, and what it has sent. */
class AttemptRun {
  readonly #state: Extract<ClientState, { type: 'asking' }>;
  readonly #waiting = new Map<string, (answer: VoterReply['answer']) => void>();
  readonly #time = { now: 0 };
  sent: LeaseMessage[] = [];
  outcome: Attempt | undefined;

  constructor(state: Extract<ClientState, { type: 'asking' }>, ttl: number) {
    this.#state = state;
    const lease = leaseOf(state);
    const voters = Array.from({ length: nodeCount }, (_, voter) => this.#voter(voter, lease));
    const ask = { resource, clientId: String(state.client), waiterId: lease, isNext: false };
    void attempt(settingsOf(voters, this.#time, lease, ttl), ask).then((outcome) => {
      this.outcome = outcome;
    });
    this.#time.now = state.age;
  }

  /** Those that it waits for, and for what. */
  waiting(): { readonly asked: 'voted' | 'confirmed'; readonly pending: readonly number[] } {
    const keys = [...this.#waiting.keys()].map((key) => key.split(' '));
    const asked = keys.some(([type]) => type === 'confirmed') ? 'confirmed' : 'voted';
    const pending = keys.filter(([type]) => type === asked).map(([, voter]) => Number(voter));
    return { asked, pending: pending.toSorted((left, right) => left - right) };
  }

  async hear({ type, voter, answer }: VoterReply): Promise<void> {
    const key = `${type} ${String(voter)}`;
    const settle = this.#waiting.get(key);
    this.#waiting.delete(key);
    settle?.(answer);
    await runDry();
  }

  #voter(voter: number, lease: string): Voter {
    const to = voter;
    const from = nodeCount + this.#state.client;
    const ask = <T>(
      type: VoterReply['type'],
      answered: (answer: VoterReply['answer']) => T,
    ): Promise<T> =>
      new Promise((resolve, reject) => {
        this.#waiting.set(`${type} ${String(voter)}`, (answer) => {
          if (answer === 'silent') reject(new Error('It has had its time.'));
          else resolve(answered(answer));
        });
      });
    return {
      name: String(voter),
      acquire: () => {
        this.sent.push({ type: 'acquire', to, from, lease });
        return ask('voted', (answer) =>
          typeof answer === 'number'
            ? { type: 'granted', token: answer }
            : { type: 'denied', remainingMs: 1 },
        );
      },
      confirm: (_lease, token) => {
        this.sent.push({ type: 'confirm', to, from, lease, token });
        return ask('confirmed', (answer) => answer === true);
      },
      renew: () => Promise.reject(new Error('Nothing is renewed here.')),
      release: () => {
        this.sent.push({ type: 'release', to, from, lease });
        return new Promise(() => undefined);
      },
    };
  }
}

/** Until everything that was settled has had its effects. */
const runDry = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export async function beginAttempt(state: ClientState, ttl: number): Promise<ClientStep> {
  const begun = {
    type: 'asking',
    client: state.client,
    attempts: state.attempts + 1,
    age: 0,
    heard: [],
    asked: 'voted',
    pending: [],
  } as const;
  const run = new AttemptRun(begun, ttl);
  await runDry();
  return { state: { ...begun, ...run.waiting() }, sent: run.sent };
}

export async function hear(
  state: Extract<ClientState, { type: 'asking' }>,
  heard: VoterReply,
  ttl: number,
): Promise<ClientStep> {
  const run = new AttemptRun(state, ttl);
  await runDry();
  for (const before of state.heard) await run.hear(before);
  run.sent = [];
  await run.hear(heard);
  const { client, attempts, age } = state;
  const { outcome, sent } = run;
  if (outcome === undefined)
    return { state: { ...state, heard: [...state.heard, heard], ...run.waiting() }, sent };
  if (outcome.type === 'failed') return { state: { type: 'idle', client, attempts }, sent };
  return { state: { type: 'held', client, attempts, token: outcome.lease.token, age }, sent };
}

export async function releaseHold(
  state: Extract<ClientState, { type: 'held' }>,
  ttl: number,
): Promise<ClientStep> {
  const { client, attempts } = state;
  const lease = leaseOf(state);
  const sent: LeaseMessage[] = [];
  const from = nodeCount + client;
  const refused = (): Promise<never> => Promise.reject(new Error('Nothing is asked for here.'));
  const voters = Array.from({ length: nodeCount }, (_, to) => ({
    name: String(to),
    acquire: refused,
    confirm: refused,
    renew: refused,
    release: (): Promise<void> => {
      sent.push({ type: 'release', to, from, lease });
      return new Promise(() => undefined);
    },
  }));
  void release(
    settingsOf(voters, { now: state.age }, lease, ttl),
    { resource, leaseId: lease },
    () => false,
  );
  await runDry();
  return { state: { type: 'idle', client, attempts }, sent };
}

/** One unit of time passes. What is not valid any more is not believed in, and the client is free to ask again. */
export function aged(state: ClientState, ttl: number): ClientState {
  if (state.type === 'idle') return state;
  const older = { ...state, age: Math.min(state.age + 1, ttl + 1) };
  const { client, attempts } = state;
  return older.type === 'held' && validFor(older, ttl) <= 0
    ? { type: 'idle', client, attempts }
    : older;
}

/** What is the same under all names. */
export function outlineOf(state: ClientState): unknown {
  const { type, attempts } = state;
  if (type === 'idle') return [type, attempts];
  if (type === 'held') return [type, attempts, state.token, state.age];
  const heard = state.heard.map((reply) => [reply.type, reply.answer]);
  return [type, attempts, state.age, heard, state.asked, state.pending.length];
}

/** What it hears in a message; undefined: it does not wait for it. */
export function heardBy(
  state: Extract<ClientState, { type: 'asking' }>,
  message: LeaseMessage,
): VoterReply | undefined {
  if (message.type !== 'voted' && message.type !== 'confirmed') return undefined;
  const { type, lease, from: voter } = message;
  if (lease !== leaseOf(state) || type !== state.asked || !state.pending.includes(voter))
    return undefined;
  return type === 'voted'
    ? { type, voter, answer: message.answer }
    : { type, voter, answer: message.answer };
}
