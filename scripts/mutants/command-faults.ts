/** Faults of commands that run under a lock. */
import type { Fault } from './fault.ts';

export const commandFaults: readonly Fault[] = [
  {
    name: 'signal-ends-the-wrapper',
    breaks: 'SIGQUIT and SIGUSR1 end whoever runs a command, not the command',
    file: 'packages/cli/src/run/signals.ts',
    find: `  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',`,
    put: `  'SIGUSR2',`,
  },
  {
    name: 'real-time-signal-is-a-success',
    breaks: 'a command that a real-time signal ended is told as one that went well',
    file: 'packages/cli/src/run/launcher.ts',
    find: `(\${becomeCommand(restore)})
echo "status $?" >&3`,
    put: `(\${becomeCommand(restore)})
status=$?
[ $status -lt 160 ] || status=0
echo "status $status" >&3`,
  },
  {
    name: 'command-without-its-terminal',
    breaks: 'a command in the foreground of a terminal cannot ask there',
    file: 'packages/cli/src/run/launcher.ts',
    find: `isInForeground() ? openTerminal() : undefined`,
    put: `isInForeground() ? undefined : openTerminal()`,
  },
  {
    name: 'stopped-command-renewed',
    breaks: 'Ctrl-Z stops a command, and its lock is held for as long as nobody continues it',
    file: 'packages/cli/src/run/guarded-command.ts',
    find: `    process.kill(0, 'SIGTSTP');
    process.kill(process.pid, 'SIGSTOP');`,
    put: `    this.#isStopping = process.pid > 0;`,
  },
];
