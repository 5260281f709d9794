/** Opens the file that it is told, saves new leases until the disk refuses, and ends as one that is killed. */
import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/sqlite-store.ts';
import { nothing, rowOf, setOf } from './store-files.ts';

const [, , file = '', first = '0', kind = 'new'] = process.argv;
const { store } = openStore(file, setOf(1));
writeSync(1, 'opened\n');
let number = Number(first);
try {
  for (const last = number + 5000; number < last;) {
    number += 1;
    const tombstones = kind === 'new' ? [`lease-${String(number)}`] : [];
    store.save({ ...nothing, rows: [{ ...rowOf(number), resource: 'a' }], tombstones });
    writeSync(1, `${String(number)}\n`);
  }
} catch (error) {
  writeSync(1, `${(error as Error).message}\n`);
}
process.kill(process.pid, 'SIGKILL');
