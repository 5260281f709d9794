/** Faults in the payloads that stand beside the state. */
import type { Fault } from './fault.ts';

const payloads = 'packages/engine/src/payloads/payloads.ts';
const files = 'packages/storage/src/payload-files.ts';

export const payloadFaults: readonly Fault[] = [
  {
    name: 'payload-gone-when-it-ends',
    breaks: 'a node that starts from its snapshot has not what that names',
    file: payloads,
    find: `      if (first === undefined || first.index > this.#durableIndex) return;`,
    put: `      if (first === undefined) return;`,
  },
  {
    name: 'payload-gone-under-a-reader',
    breaks: 'a backup, or a member that gets a snapshot, lacks payloads that have ended meanwhile',
    file: payloads,
    find: `    while (left > 0 && this.#holds === 0 && !this.#stopped) {`,
    put: `    while (left > 0 && !this.#stopped) {`,
  },
  {
    name: 'payload-given-unverified',
    breaks: 'a consumer works on a payload that the disk has changed',
    file: payloads,
    find: `    return payloadHash(text) === stored.hash ? text : undefined;`,
    put: `    return text;`,
  },
  {
    name: 'payload-of-a-member-unverified',
    breaks: 'a member that has another payload gives it to others',
    file: 'packages/engine/src/payloads/payload-asks.ts',
    find: `  Buffer.byteLength(text) === byteLength && payloadHash(text) === hash;`,
    put: `  byteLength > 0 && hash !== text.length;`,
  },
  {
    name: 'snapshot-named-before-its-payloads',
    breaks: 'a power cut loses payloads whose log has gone behind a snapshot',
    file: 'packages/storage/src/log-storage.ts',
    find: `        async () => (await this.#covers(point.index)) && (await this.payloads.durable()), // STORAGE-5`,
    put: `        () => this.#covers(point.index), // STORAGE-5`,
  },
  {
    name: 'received-snapshot-before-its-payloads',
    breaks: 'a power cut after a snapshot was installed loses payloads that it names',
    file: payloads,
    find: `    return !wanted || (await store.durable()) ? named : undefined; // PAYLOAD-1`,
    put: `    return named; // PAYLOAD-1`,
  },
  {
    name: 'all-payloads-sent-with-a-snapshot',
    breaks: 'a member that was away for a moment gets all payloads again',
    file: payloads,
    find: `      if (store.has(stored.id)) continue;`,
    put: `      if (store.has(stored.id) && !wanted) continue;`,
  },
  {
    name: 'payload-file-gone-before-its-copies',
    breaks: 'a power cut while files are made smaller loses payloads',
    file: files,
    find: `      if (!(await this.durable())) return;`,
    put: `      if (this.#failed) return;`,
  },
  {
    name: 'payload-end-not-told',
    breaks: 'the disk fills up with payloads of messages that are gone',
    file: 'packages/state/src/primitives/queue/keeping.ts',
    find: `  if (message.payload.text === undefined) tables.payloads.ended.push(message.id); // BESIDE-2`,
    put: `  if (message.state === 'dead') tables.payloads.ended.push(message.id); // BESIDE-2`,
  },
];
