/**
 * How fast histories are judged. `node --conditions=source packages/checker/test/bench/speed.ts [operations]`
 * Each has the operations of one key: the hardest, as keys are judged one by one.
 */
import { checkLinearizable, lockModel, poolModel, registerModel } from '../../src/index.ts';
import type {
  LockAnswer,
  LockCall,
  Model,
  Operation,
  PoolAnswer,
  PoolCall,
  RegisterAnswer,
  RegisterCall,
} from '../../src/index.ts';

const operations = Number(process.argv[2] ?? 100_000);
const sessions = 20;

/** The same numbers at each run. */
let seed = 1;
const below = (limit: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
};

function seen<Call, Answer>(
  client: number,
  call: Call,
  answer: Answer,
  effectMs: number,
  longMs: number,
): Operation<Call, Answer> {
  return {
    client: `c${String(client)}`,
    call,
    calledAtMs: effectMs - below(longMs),
    outcome: { type: 'answered', answer, atMs: effectMs + below(longMs) },
  };
}

/**
 * Taken and given back in turn, by clients who wait long for it. Every `lostEvery`th holder is never heard
 * of again: its grant has no answer, and its session ends some time.
 */
function lockHistory(lostEvery: number): Operation<LockCall, LockAnswer>[] {
  const history: Operation<LockCall, LockAnswer>[] = [];
  for (let token = 1; history.length < operations; token++) {
    const client = token % sessions;
    const isLost = token % lostEvery === 0;
    const session = isLost ? `lost ${String(token)}` : `s${String(client)}`;
    const call = { type: 'acquire', lock: 'x', session, mode: 'exclusive', wait: true } as const;
    const atMs = token * 10;
    if (isLost) {
      const outcome = { type: 'unknown' } as const;
      const client = session;
      history.push({ client, call, calledAtMs: atMs, outcome });
      history.push({
        client,
        call: { type: 'end', lock: 'x', session },
        calledAtMs: atMs + 1,
        outcome,
      });
      // Somebody finds it held meanwhile, one time in two.
      if (below(2) === 0)
        history.push(
          seen(1, { ...call, session: 'passer-by', wait: false }, { type: 'busy' }, atMs + 3, 1),
        );
      continue;
    }
    history.push(seen(client, call, { type: 'granted', token }, atMs, 60));
    history.push(
      seen(
        client,
        { type: 'release', lock: 'x', session, token },
        { type: 'released' },
        atMs + 5,
        4,
      ),
    );
  }
  return history;
}

function poolHistory(): Operation<PoolCall, PoolAnswer>[] {
  const history: Operation<PoolCall, PoolAnswer>[] = [];
  for (let token = 1; history.length < operations; token++) {
    const session = `s${String(token % sessions)}`;
    const of = { pool: 'x', session, permits: 1 };
    const client = token % sessions;
    history.push(
      seen(
        client,
        { type: 'acquire', ...of, wait: true },
        { type: 'granted', token },
        token * 10,
        30,
      ),
    );
    history.push(
      seen(client, { type: 'release', ...of, token }, { type: 'released' }, token * 10 + 25, 5),
    );
  }
  return history;
}

function registerHistory(): Operation<RegisterCall, RegisterAnswer>[] {
  let value: number | null = null;
  return Array.from({ length: operations }, (_, index): Operation<RegisterCall, RegisterAnswer> => {
    const client = index % sessions;
    if (below(2) === 0)
      return seen(
        client,
        { type: 'read', register: 'x' },
        { type: 'value', value },
        index * 10,
        30,
      );
    value = index;
    return seen(
      client,
      { type: 'write', register: 'x', value },
      { type: 'written' },
      index * 10,
      30,
    );
  });
}

function measure<State, Call, Answer>(
  name: string,
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
): void {
  const startMs = performance.now();
  const verdict = checkLinearizable(model, history);
  const seconds = (performance.now() - startMs) / 1000;
  const rate = Math.round(history.length / seconds).toLocaleString('en');
  const megabytes = Math.round(process.memoryUsage().rss / 1e6);
  console.log(
    `${name.padEnd(42)} ${verdict.type.padEnd(13)} ${String(history.length)} operations in ${seconds.toFixed(2)} s: ${rate}/s, ${verdict.steps.toLocaleString('en')} steps, ${String(megabytes)} MB resident`,
  );
}

measure('lock', lockModel(), lockHistory(Infinity));
measure('lock, one in 50 lost', lockModel(), lockHistory(50));
const twoHolders = lockHistory(50);
const last = twoHolders.at(-1);
if (last !== undefined)
  twoHolders.push(
    ...['one', 'other'].map((session, index) =>
      seen<LockCall, LockAnswer>(
        index,
        { type: 'acquire', lock: 'x', session, mode: 'exclusive', wait: true },
        { type: 'granted', token: operations * 10 + index },
        last.calledAtMs + 1000 + index * 10,
        1,
      ),
    ),
  );
measure('lock, one in 50 lost, two holders at the end', lockModel(), twoHolders);
measure('pool', poolModel({ limit: 3 }), poolHistory());
measure('register', registerModel, registerHistory());
