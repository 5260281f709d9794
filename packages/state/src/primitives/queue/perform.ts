/** Which module carries out which command of a queue. */
import { redrive, purge } from './dead-letters.ts';
import { acknowledge, extend, giveBack, pop } from './deliveries.ts';
import { configure, deleteQueue, push } from './push.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Command } from '../../kernel/commands.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { QueueCommand, QueueResult } from './commands.ts';

const types: Readonly<Record<QueueCommand['type'], true>> = {
  queue_push: true,
  queue_pop: true,
  queue_ack: true,
  queue_nack: true,
  queue_extend: true,
  queue_redrive: true,
  queue_purge: true,
  queue_configure: true,
  queue_delete: true,
};

export const isForQueue = (command: Command): command is QueueCommand =>
  Object.hasOwn(types, command.type);

export function carryOutForQueue(tables: Tables, command: QueueCommand): QueueResult | Refusal {
  switch (command.type) {
    case 'queue_push':
      return push(tables, command);
    case 'queue_pop':
      return pop(tables, command);
    case 'queue_ack':
      return acknowledge(tables, command);
    case 'queue_nack':
      return giveBack(tables, command);
    case 'queue_extend':
      return extend(tables, command);
    case 'queue_redrive':
      return redrive(tables, command);
    case 'queue_purge':
      return purge(tables, command);
    case 'queue_configure':
      return configure(tables, command);
    case 'queue_delete':
      return deleteQueue(tables, command.name);
  }
}
