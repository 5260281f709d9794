/** `holdfast cache ...` */
import type { Command } from 'commander';
import type { CacheConditions, Client } from '@holdfast/client';
import { UsageError } from '../failure.ts';
import { jsonOrText, numbersHelp, shownJson } from '../json-text.ts';
import { printRecord } from '../output.ts';
import { textOfStdin } from '../stdin.ts';
import type { Environment } from '../environment.ts';
import { countOf, secondsOf, withClient } from '../with-client.ts';

interface ConditionOptions {
  readonly ifVersion?: string;
  readonly ifHeld?: string;
  readonly fenceToken?: string;
}
interface SetOptions extends ConditionOptions {
  readonly ttl?: string;
}

const ifVersion = ['--if-version <version>', 'only this version; 0: where there is none'] as const;
const ifHeld = ['--if-held <name>', 'only while this is held with the --fence-token'] as const;
const fenceToken = ['--fence-token <token>', 'the token of the hold of --if-held'] as const;

export function addCacheCommands(program: Command, at: () => Environment): void {
  const cache = program
    .command('cache')
    .description('Keys with values and versions; a read is never older than an answered write.');
  addSet(cache, at);
  addGet(cache, at);
  addDelete(cache, at);
  cache
    .command('stats')
    .description('Shows the cache in numbers.')
    .addHelpText('after', '\nExample:\n  holdfast cache stats')
    .action(() => printed(at(), (client) => client.cache.stats()));
}

async function printed(
  environment: Environment,
  work: (client: Client) => Promise<object>,
): Promise<void> {
  await withClient(environment, async (client) => {
    printRecord(environment.output, await work(client));
  });
}

function addSet(cache: Command, at: () => Environment): void {
  cache
    .command('set <key> [value]')
    .description('Sets a value: JSON, or else text. Without a value it is read from stdin.')
    .option('--ttl <seconds>', 'the value ends by itself after so long')
    .option(...ifVersion) // spread: two texts
    .option(...ifHeld) // spread: two texts
    .option(...fenceToken) // spread: two texts
    .addHelpText(
      'after',
      `
${numbersHelp}

Exit status: 0 when it was written; 1 when a condition is not met; 5 when no node answered.

Example:
  holdfast cache set user/123 '{"name":"Ada"}' --ttl 60`,
    )
    .action(async (key: string, text: string | undefined, options: SetOptions) => {
      const ttl = secondsOf('--ttl', options.ttl);
      const given = conditionsOf(options);
      const value = jsonOrText(text ?? textOfStdin());
      await printed(at(), async (client) => {
        const timed = ttl === undefined ? {} : { ttlMs: ttl * 1000 };
        const { version } = await client.cache.set(key, value, { ...timed, ...given });
        return { key, version };
      });
    });
}

function addGet(cache: Command, at: () => Environment): void {
  cache
    .command('get <key>')
    .description('Shows a value with its version.')
    .addHelpText(
      'after',
      `
Exit status: 0 with a value; 3 without; 5 when no node answered.

Example:
  holdfast cache get user/123`,
    )
    .action(async (key: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        const answer = await client.call('cache_get', { k: key });
        const { output } = environment;
        printRecord(output, output.json ? answer : { ...answer, value: shownJson(answer.value) });
        if (!answer.found) environment.finish(3);
      });
    });
}

function addDelete(cache: Command, at: () => Environment): void {
  cache
    .command('delete <key>')
    .description('Deletes the value of a key.')
    .option(...ifVersion) // spread: two texts
    .option(...ifHeld) // spread: two texts
    .option(...fenceToken) // spread: two texts
    .addHelpText('after', '\nExample:\n  holdfast cache delete user/123')
    .action(async (key: string, options: ConditionOptions) => {
      const given = conditionsOf(options);
      await printed(at(), async (client) => ({
        key,
        deleted: await client.cache.delete(key, given),
      }));
    });
}

/** @throws UsageError */
function conditionsOf(options: ConditionOptions): CacheConditions {
  const { ifHeld: name, fenceToken: token } = options;
  if ((name === undefined) !== (token === undefined))
    throw new UsageError('--if-held and --fence-token go together.');
  return {
    ...(options.ifVersion === undefined ? {} : { ifVersion: versionOf(options.ifVersion) }),
    ...(name === undefined || token === undefined
      ? {}
      : { ifHeld: { name, fenceToken: countOf('--fence-token', token) } }),
  };
}

const versionOf = (text: string): number => (text === '0' ? 0 : countOf('--if-version', text));
