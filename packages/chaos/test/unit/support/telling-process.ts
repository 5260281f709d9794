/** A process of a client that writes down what it was told as its set, and lives on. */
import { appendLine } from '../../../src/clients/lines.ts';
import { settingOf } from '../../../src/clients/setting.ts';

appendLine(settingOf('CHAOS_JOURNAL'), JSON.parse(settingOf('CHAOS_SET')) as object);
process.on('disconnect', () => process.exit(0));
process.send?.({ type: 'stands', lock: '' });
