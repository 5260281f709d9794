/**
 * A program that adds to a shared set under a lock: reads it, thinks, writes it back. It trusts its lock
 * and does not look at its lease again before it writes; so does many a real one.
 *
 * Told over IPC: `{ add: element }` adds one. Says `read` when it has read, and goes on with `go`.
 */
import { HoldfastError } from '@holdfast/protocol';
import { settingOf } from '../clients/setting.ts';
import { SharedSet } from './store.ts';
import { takerFor } from './taking.ts';

const store = new SharedSet(settingOf('LOCKSET_STORE'));
const fenced = settingOf('LOCKSET_FENCED') === '1';
const urls = settingOf('LOCKSET_URLS').split(',');
const take = await takerFor(settingOf('LOCKSET_SERVICE'), urls);

export type ToWorker = { readonly add: string } | 'go';
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'read' }
  | { readonly type: 'added' | 'refused'; readonly element: string; readonly stillHeld: boolean };

const say = (message: FromWorker): void => {
  process.send?.(message);
};
let goOn: (() => void) | undefined;

process.on('message', (message: ToWorker) => {
  if (message === 'go') goOn?.();
  else
    add(message.add).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
process.on('disconnect', () => process.exit(0));
say({ type: 'ready' });

async function add(element: string): Promise<void> {
  const { hold, giveBack } = await take();
  const elements = store.read();
  const told = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  say({ type: 'read' });
  await told;
  // The lease may be long over by now.
  const wanted = [...elements, element];
  let written = true;
  if (fenced) written = store.writeFenced(wanted, hold.fenceToken);
  else store.write(wanted);
  say({ type: written ? 'added' : 'refused', element, stillHeld: hold.isHeld() });
  try {
    await giveBack();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}
