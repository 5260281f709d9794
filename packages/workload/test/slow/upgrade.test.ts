/**
 * An older program is replaced by the present one under load, node after node. The older one is another commit of this
 * repository (`UPGRADE_FROM`), not the present program at an earlier feature level as in rolling-restart.test.ts.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Client, Session } from '@holdfast/client';
import { findOlderCommit, installOlder } from './older-program.ts';
import type { OlderProgram } from './older-program.ts';
import {
  consumed,
  goOn,
  lockCycles,
  pushes,
  semaphoreCycles,
  watched,
  worksOf,
} from './rolling-works.ts';
import type { ConsumerOptions, MakerAndReader, Works } from './rolling-works.ts';
import { TwoPrograms } from './two-programs.ts';

const { UPGRADE_FROM: asked = '' } = process.env;
const found = findOlderCommit(asked === '' ? undefined : asked);

/** What is taken and not answered is delivered again after this time. */
const visibilityMs = 5000;

/** What each client has of its own. */
interface Workers {
  readonly client: Client;
  readonly sessions: readonly [Session, Session, Session];
  readonly consumer: ConsumerOptions;
}

async function workersOf(client: Client, beginsAgain: boolean): Promise<Workers> {
  const session = (): Promise<Session> => client.session({ timeoutSeconds: 30 });
  const sessions = [await session(), await session(), await session()] as const;
  return { client, sessions, consumer: { visibilityMs, beginsAgain } };
}

interface Ends {
  readonly over: AbortController;
  readonly read: AbortController;
}

/** What the one does and the other one sees. */
function seenByOther(
  name: string,
  maker: Workers,
  reader: Workers,
  { over, read }: Ends,
): readonly MakerAndReader[] {
  const [cycles] = lockCycles([maker.sessions[0]], name, over.signal);
  assert.ok(cycles !== undefined);
  return [
    [cycles, watched(reader.client, name, read.signal)],
    [
      pushes(maker.client, name, over.signal),
      consumed(reader.client, name, read.signal, reader.consumer),
    ],
  ];
}

/** Clients of both programs take locks, permits and messages, and each sees what the other one does. */
async function beginWorks(present: Workers, former: Workers): Promise<Works> {
  const ends = { over: new AbortController(), read: new AbortController() };
  const [one, other] = [present.sessions[1], former.sessions[1]];
  const kept = [await one.lock('kept'), await other.lock('kept-too')];
  const works = worksOf({
    pairs: [
      ...seenByOther('of-present', present, former, ends),
      ...seenByOther('of-former', former, present, ends),
    ],
    alone: [
      ...lockCycles([one, other], 'contended', ends.over.signal),
      ...semaphoreCycles([present.sessions[2], former.sessions[2], other], ends.over.signal),
    ],
    ...ends,
  });
  return {
    ...works,
    end: async () => {
      await works.end();
      for (const hold of kept) hold.assertHeld();
      await Promise.all([...present.sessions, ...former.sessions].map((session) => session.end()));
    },
  };
}

type Step = (nodes: TwoPrograms) => Promise<void>;

/** Clients see no error at any step, and the level rises after the last one. */
async function upgrade(older: OlderProgram, stepsOf: (ids: Ids) => readonly Step[]): Promise<void> {
  await using nodes = await TwoPrograms.start(older.entry);
  const { cluster } = nodes;
  await using present = await connect({ endpoints: cluster.urls });
  await using former = await older.connect({ endpoints: cluster.urls });
  // A client of feature level 2 ends its loop where the leader goes that it has asked; the present one goes on by itself.
  using works = await beginWorks(await workersOf(present, false), await workersOf(former, true));
  const clientsGoOn = async (when: string): Promise<void> => {
    try {
      await goOn(works, when);
    } catch (error) {
      // That a node has ended is told before what it means to clients.
      nodes.assertNoneEnded();
      throw error;
    }
  };
  const goesOn = async (when: string): Promise<void> => {
    await clientsGoOn(when);
    await nodes.haveOneState(when);
    await clientsGoOn(`with snapshots ${when}`);
  };
  await goesOn('before');
  const leader = await cluster.leader();
  const [first = '', second = ''] = cluster.nodes
    .map(({ nodeId }) => nodeId)
    .filter((id) => id !== leader);
  const steps = stepsOf({ first, second, leader });
  for (const [number, step] of steps.entries()) {
    await step(nodes);
    await goesOn(`after step ${String(number + 1)} of ${String(steps.length)}`);
  }
  const isFinal = await nodes.reachesNewLevel();
  await goesOn('at the new level');
  await works.end();
  nodes.assertNoErrorLogged();
  if (isFinal) await nodes.refusesToGoBack(first);
}

/** The followers at the beginning, and the node that led then. */
interface Ids {
  readonly first: string;
  readonly second: string;
  readonly leader: string;
}

const by =
  (program: 'older' | 'present', id: string): Step =>
  (nodes) =>
    nodes.replace(id, program);

describe(
  'Three nodes of an older program, with clients of both programs at work',
  { skip: typeof found === 'string' ? found : false },
  () => {
    let older: OlderProgram;
    before(async () => {
      assert.ok(typeof found !== 'string');
      older = await installOlder(found);
    });

    it('are replaced one after the other, the leader last: clients see no error, and only at the end a downgrade is refused', () =>
      upgrade(older, ({ first, second, leader }) => [
        by('present', first),
        by('present', second),
        by('present', leader),
      ]));

    it('go back before the level is raised: a member that led already, and the whole upgrade follows later', () =>
      upgrade(older, ({ first, second, leader }) => [
        by('present', first),
        // It leads members of the older program.
        (nodes) => nodes.leads(first),
        by('present', second),
        by('older', first),
        by('older', second),
        by('present', second),
        by('present', first),
        by('present', leader),
      ]));
  },
);
