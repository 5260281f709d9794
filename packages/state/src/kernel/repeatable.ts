/** Whether the state machine recognises a second submission of a command. */
import type { Command, KernelCommand } from './commands.ts';
import type { Repeatable } from './declaration.ts';
import { commandDeclarations } from '../primitives/declared.ts';

const kernelCommands: Readonly<Record<KernelCommand['type'], Repeatable>> = {
  create_session: 'always',
  end_session: 'never',
  keep_alive: 'always',
  begin_leadership: 'always',
  expire_session: 'always',
  abandon: 'always',
  advance: 'always',
  checkpoint: 'always',
  jump_fence_counter: 'never',
  set_limits: 'always',
  raise_feature_level: 'always',
  set_audit: 'always',
  anchor_audit: 'always',
};

const byType: ReadonlyMap<string, Repeatable> = new Map([
  ...Object.entries(kernelCommands),
  ...Object.entries(commandDeclarations).map(([type, { repeatable }]): [string, Repeatable] => [
    type,
    repeatable,
  ]),
]);

/** Of a type that is not known: no. */
export function isRepeatable(command: Command): boolean {
  switch (byType.get(command.type) ?? 'never') {
    case 'always':
      return true;
    case 'by request':
      return (
        'requestId' in command && command.requestId !== undefined && command.sessionId !== undefined
      );
    case 'by dedup id':
      return (
        'messages' in command && command.messages.every(({ dedupId }) => dedupId !== undefined)
      );
    case 'never':
      return false;
  }
}
