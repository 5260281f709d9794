/** The terms under which something is taken: how soon, how long, and what is shown with it. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { Json } from '@holdfast/client';
import { UsageError } from '../failure.ts';
import { jsonOrText } from '../json-text.ts';
import { secondsOf } from '../with-client.ts';

const highestPriority = 9;
/** What the cluster keeps with a hold, as JSON. */
const maxMetadataBytes = 1024;

/** What `metadataOf` gives without the option, for the help. */
export const runMetadataText = 'host, process and command line; keep secrets out of that';

/** As the command line gives them. */
export interface TermOptions {
  readonly priority?: string;
  readonly maxHold?: string;
  readonly metadata?: string;
}

export interface RunTerms {
  readonly priority?: number;
  readonly maxHoldMs?: number;
}

export function addTermOptions(command: Command): Command {
  return command
    .option('--priority <number>', '0 (default) to 9: ahead of those with a lower one in the queue')
    .option('--max-hold <seconds>', 'the cluster ends it after so long, whatever happens');
}

/** @param byDefault What is shown without the option. */
export function addMetadataOption(command: Command, byDefault: string): Command {
  return command.option(
    '--metadata <json>',
    `shown with the hold: JSON, or text (default: ${byDefault})`,
  );
}

/** @throws UsageError naming the option. */
export function termsOf({ priority, maxHold }: TermOptions): RunTerms {
  const maxHoldSeconds = secondsOf('--max-hold', maxHold);
  if (maxHoldSeconds === 0)
    throw new UsageError('--max-hold takes a number of seconds above 0; given: "0".');
  return {
    ...(priority === undefined ? {} : { priority: priorityOf(priority) }),
    ...(maxHoldSeconds === undefined ? {} : { maxHoldMs: maxHoldSeconds * 1000 }),
  };
}

function priorityOf(text: string): number {
  const priority = Number(text);
  if (
    text.trim() === '' ||
    !Number.isInteger(priority) ||
    priority < 0 ||
    priority > highestPriority
  )
    throw new UsageError(`--priority takes a whole number from 0 to 9; given: "${text}".`);
  return priority;
}

/** What the option says, else where the command runs: the question that holders are asked first. */
export function metadataOf({ metadata }: TermOptions, command: readonly string[]): Json {
  return metadata === undefined
    ? runMetadata(command, hostname(), process.pid)
    : jsonOrText(metadata);
}

/** Host, process and command line; that is cut where it would be more than the cluster keeps. */
export function runMetadata(command: readonly string[], host: string, pid: number): Json {
  const whole = command.join(' ');
  // A character takes at least a byte. A cut may have halved one: no half is ever sent.
  const characters = Array.from(whole.slice(0, maxMetadataBytes).toWellFormed());
  const metadataWith = (text: string): Json => ({ host, pid, command: text });
  if (characters.join('') === whole && bytesOf(metadataWith(whole)) <= maxMetadataBytes)
    return metadataWith(whole);
  const cut = (): Json => metadataWith(`${characters.join('')}…`);
  while (characters.length > 0 && bytesOf(cut()) > maxMetadataBytes) characters.pop();
  return cut();
}

const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value));
