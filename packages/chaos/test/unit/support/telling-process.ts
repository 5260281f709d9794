/** A process of a client that writes down what it was told as its set, and lives on. */
import { firstWord } from '../../../src/clients/first-word.ts';
import { appendLine } from '../../../src/clients/lines.ts';
import { settingOf } from '../../../src/clients/setting.ts';

const told = JSON.parse(settingOf('CHAOS_SET')) as object;
if ('fails' in told) process.exit(0);
appendLine(settingOf('CHAOS_JOURNAL'), told);
process.on('disconnect', () => process.exit(0));
process.send?.(firstWord);
