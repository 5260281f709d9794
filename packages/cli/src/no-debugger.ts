/**
 * Node answers SIGUSR1 by opening its debugger to every user of the machine, until somebody listens to that signal.
 * Imported before all else: what is read first takes the longest part of a start.
 *
 * NODEBUG-1: what such a signal opened before, while Node itself began, is closed again, and nobody's commands are executed: nothing of
 *     the debugger runs before this does. Node opens it where it looks for interrupts and once more in its event loop, and so it
 *     is looked for again. `--disable-sigusr1` opens nothing at all. What was asked for by `--inspect` stays.
 */
import type Inspector from 'node:inspector';

process.on('SIGUSR1', () => undefined);

const lookAgainMs = [0, 20, 100, 500, 2000] as const;
const asked = /--inspect(?:-brk|-wait)?(?:=|\s|$)/u;

/** Undefined of a Node that was built without a debugger, or does not give it. */
function debuggerOf(): typeof Inspector | undefined {
  try {
    // Node 20.16 has it, and those before it have not.
    return 'getBuiltinModule' in process ? process.getBuiltinModule('node:inspector') : undefined;
  } catch {
    return undefined;
  }
}

const isAsked = asked.test([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));
const inspector = isAsked ? undefined : debuggerOf();

function closeDebugger(): void {
  if (inspector?.url() === undefined) return;
  inspector.close(); // NODEBUG-1
  process.stderr.write('holdfast: SIGUSR1 opened the debugger of Node; it has been closed.\n');
}

if (inspector !== undefined) {
  closeDebugger();
  setImmediate(closeDebugger);
  for (const ms of lookAgainMs) setTimeout(closeDebugger, ms).unref();
}
