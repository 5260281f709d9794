/**
 * The same cases through HTTP, gRPC and the TypeScript client, against three real processes whose leader
 * is killed now and then: all three give the same. With SECURITY=1 all is over TLS, members show each other certificates, and
 * whoever asks has a key whose rules permit just that (`make test-conformance SECURITY=1`).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { threeNodes } from '../support/cluster.ts';
import { ClientSpeaker } from './client-speaker.ts';
import { fetchAs, keysIn } from './shown.ts';
import type { Shown } from './shown.ts';
import { GrpcSpeaker, HttpSpeaker } from './speakers.ts';
import type { Speaker } from './speakers.ts';
import { cases } from './steps.ts';
import type { Ask, Case, Fields, Step } from './steps.ts';

type Nodes = Awaited<ReturnType<typeof threeNodes>>;

const isSecured = process.env['SECURITY'] === '1';

let nodes: Nodes;
let shown: Shown = {};

before(async () => {
  nodes = await threeNodes({}, { tls: isSecured });
  if (isSecured) shown = await keysIn(nodes.cluster);
});
after(async () => {
  await comesBack;
  await nodes[Symbol.asyncDispose]();
});

const speakers: Readonly<Record<string, () => Promise<Speaker>>> = {
  http: () => new HttpSpeaker(nodes.cluster, shown).prepare(),
  grpc: async () => new GrpcSpeaker(nodes.cluster, shown),
  client: () => ClientSpeaker.connect(nodes.cluster, shown),
};

test('a stranger is told nothing, where security is on', { skip: !isSecured }, async () => {
  const { url } = nodes.cluster.nodes[0] ?? assert.fail('there is a node');
  const { tls } = shown;
  assert.ok(tls !== undefined);
  const withoutKey = await fetchAs({ tls })(`${url}/locks`, {});
  assert.equal(withoutKey.status, 401);
  const withoutCertificate = fetchAs({ tls: { ca: tls.ca } })(`${url}/locks`, {});
  await assert.rejects(withoutCertificate);
  const administration = await fetchAs(shown)(`${url}/auth/keys`, {});
  assert.equal(administration.status, 403);
});

for (const [interfaceName, speak] of Object.entries(speakers)) {
  describe(`through ${interfaceName}`, () => {
    for (const [number, one] of cases.entries()) {
      test(one.name, async () => {
        const speaker = await speak();
        try {
          await new Run(speaker, one, `${interfaceName}-${String(number)}`).all();
        } finally {
          await speaker.close();
        }
      });
    }
  });
}

/** One case through one interface. */
class Run {
  readonly #speaker: Speaker;
  readonly #case: Case;
  readonly #name: string;
  readonly #saved = new Map<string, unknown>();
  readonly #begun = new Map<string, Promise<void>>();

  constructor(speaker: Speaker, one: Case, name: string) {
    this.#speaker = speaker;
    this.#case = one;
    this.#name = name;
  }

  async all(): Promise<void> {
    for (const session of this.#case.sessions) await this.#speaker.open(session);
    for (const step of this.#case.steps) await this.#step(step);
    for (const session of this.#case.sessions)
      await this.#speaker.ask(session, 'end_session', {}).catch(() => undefined);
  }

  async #step(step: Step): Promise<void> {
    if ('kill' in step) await killLeader();
    else if ('finish' in step) await this.#begun.get(step.finish);
    else if ('begin' in step) {
      const before = await this.#waiting(step);
      const asked = this.#ask(step);
      this.#begun.set(step.begin, asked);
      asked.catch(() => undefined); // Told where it is finished.
      // It waits when the cluster says so: the next step must not come before it.
      while ((await this.#waiting(step)) <= before) await pause();
    } else await this.#ask(step);
  }

  async #ask(step: Ask): Promise<void> {
    const body = this.#filled(step.with ?? {}) as Fields;
    const what = `${step.ask} ${JSON.stringify(body)}`;
    let answer: Fields;
    try {
      answer = await this.#speaker.ask(step.by, step.ask, body);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      // A client that changed nodes meanwhile says what the last one refused it with.
      const code = error.code === 'outcome_unknown' ? error.details['refused_with'] : error.code;
      assert.equal(code ?? error.code, step.gives, `${what}: ${error.message}`);
      return;
    }
    assert.ok(typeof step.gives !== 'string', `${what} gave ${JSON.stringify(answer)}`);
    assertHas(answer, this.#filled(step.gives), what);
    for (const [name, field] of Object.entries(step.save ?? {}))
      this.#saved.set(name, answer[field]);
  }

  /** How many wait for what this step asks for; nobody can tell who waits for a latch. */
  async #waiting({ ask, with: body = {} }: Ask): Promise<number> {
    const { name = '', resources } = this.#filled(body) as {
      readonly name?: string;
      readonly resources?: readonly { readonly name: string }[];
    };
    const read = async (operation: Ask['ask'], field: string): Promise<number> => {
      const path = { name: resources?.[0]?.name ?? name };
      const found = await this.#speaker.ask(undefined, operation, path);
      const list = found[field];
      return Array.isArray(list) ? list.length : 0;
    };
    if (ask === 'acquire_permits') return read('semaphore_status', 'waiters');
    if (ask === 'campaign') return read('election_leader', 'candidates');
    if (ask === 'enter_barrier') return read('barrier_status', 'members');
    if (ask === 'leave_barrier') return -(await read('barrier_status', 'members'));
    if (ask === 'wait_latch') return performance.now();
    return read('lock_status', 'waiters');
  }

  #filled(value: unknown): unknown {
    if (typeof value === 'string') {
      return value.startsWith('$')
        ? this.#saved.get(value.slice(1))
        : value.replace('NAME', this.#name);
    }
    if (Array.isArray(value)) return value.map((one) => this.#filled(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#filled(one)]));
  }
}

/** What is expected is there; null and absent are the same: not every interface tells null. */
function assertHas(answer: unknown, expected: unknown, what: string): void {
  if (typeof expected !== 'object' || expected === null) {
    assert.equal(answer ?? null, expected ?? null, what);
    return;
  }
  const fields = answer as Fields;
  for (const [key, value] of Object.entries(expected))
    assertHas(fields[key], value, `${what}: ${key} of ${JSON.stringify(answer)}`);
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** The node that was killed last comes back while the case goes on. */
let comesBack: Promise<void> = Promise.resolve();

async function killLeader(): Promise<void> {
  const { cluster } = nodes;
  await comesBack;
  const leader = await cluster.leader(10_000, shown.apiKey);
  await cluster.kill(leader, 'SIGKILL');
  await cluster.leader(10_000, shown.apiKey);
  comesBack = cluster.restart(leader);
}
