/** Opens the file that it is told, goes on with numbered saves, and prints the number of each that is on disk. */
import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/sqlite-store.ts';
import { nothing, numbered, rowOf, setOf } from './store-files.ts';

const [, , file = '', first = '0', end = 'killed'] = process.argv;
const { store } = openStore(file, setOf(1));
writeSync(1, 'opened\n');
// So many at once that the log goes into the file every few saves.
const many = Array.from({ length: 300 }, (_, number) => ({
  ...rowOf(number),
  resource: `many${String(number)}`,
}));
let number = Number(first);
const last = end === 'killed' ? Number.POSITIVE_INFINITY : number + 20;
while (number < last) {
  number += 1;
  const changes = numbered(number);
  store.save({ ...nothing, ...changes, rows: [...changes.rows, ...many] });
  writeSync(1, `${String(number)}\n`);
}
if (end === 'closed') store.close();
if (end === 'thrown') throw new Error('The program was wrong.');
// Otherwise it ends by itself.
