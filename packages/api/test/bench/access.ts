/**
 * What it costs to decide a request by a role of 1,000 rules, and to prove a key: the median of rounds, in ns.
 *
 * node --conditions=source packages/api/test/bench/access.ts [rules]
 */
import { systemClock } from '@holdfast/engine/parts';
import type { AccessCommand } from '@holdfast/state';
import { AccessControl } from '../../src/pipeline/access-control.ts';
import { newKey } from '../../src/pipeline/api-keys.ts';
import { RequestError } from '../../src/request-error.ts';
import { MemoryEngine } from '../memory-engine.ts';

const rules = Number(process.argv[2] ?? 1000);
const engine = new MemoryEngine();
const change = async (command: AccessCommand): Promise<void> => {
  const result = await engine.submit(command, { identity: 'holdfast' });
  if (!result.ok) throw new Error(result.message);
};
for (let count = 0; count < rules; count++)
  await change({
    type: 'auth_grant',
    role: 'r',
    rule:
      count % 2 === 0
        ? { verb: 'acquire', kind: 'lock', prefix: `team-${String(count)}/` }
        : { verb: 'acquire', kind: 'lock', name: `job-${String(count)}` },
  });
const { id, hash, text } = newKey();
await change({ type: 'auth_create_key', id, hash, identity: 'ann', createdAtMs: 1, roles: ['r'] });
const admin = newKey();
await change({
  ...admin,
  type: 'auth_create_key',
  identity: 'root',
  createdAtMs: 1,
  roles: ['admin'],
});
await change({ type: 'auth_enable' });
const control = new AccessControl({
  engine,
  isRequired: false,
  clock: systemClock,
  onKeyUsed: () => undefined,
});

/** The median over rounds. */
function nanoseconds(once: (index: number) => void, each = 20_000): number {
  const rounds = Array.from({ length: 15 }, () => {
    const startedMs = performance.now();
    for (let index = 0; index < each; index++) once(index);
    return ((performance.now() - startedMs) * 1e6) / each;
  }).toSorted((a, b) => a - b);
  return Math.round(rounds[7] ?? 0);
}

const credentials = {
  authorization: `Bearer ${text}`,
  certificateNames: () => [],
  address: '10.0.0.1',
};
const caller = control.authenticate(credentials);
if (caller instanceof RequestError) throw new Error(caller.message);
const names = Array.from({ length: 1000 }, (_, index) =>
  index % 4 === 3
    ? `other-${String(index)}`
    : index % 2 === 0
      ? `team-${String(index)}/x`
      : `job-${String(index)}`,
);
const requests = names.map((name) => ({
  operation: 'acquire',
  verb: 'acquire' as const,
  resources: [{ kind: 'lock', name }],
  isFiltered: false,
  isOpen: false,
  changes: true,
  body: {},
}));
const admitted = requests.filter(
  (request) => !(control.authorize(caller, request) instanceof RequestError),
);
const refused = requests.filter(
  (request) => control.authorize(caller, request) instanceof RequestError,
);
const askAll =
  (of: typeof requests) =>
  (index: number): void => {
    const request = of[index % of.length];
    if (request !== undefined) control.authorize(caller, request);
  };
console.log(`rules                ${String(rules)}`);
console.log(`authorize, admitted  ${String(nanoseconds(askAll(admitted)))} ns`);
console.log(`authorize, refused   ${String(nanoseconds(askAll(refused)))} ns`);
console.log(
  `prove a key          ${String(nanoseconds(() => void control.authenticate(credentials)))} ns`,
);
