import { Option } from 'commander';
import type { Command } from 'commander';
import {
  ConfigurationError,
  flagOf,
  loadConfiguration,
  runNode,
  settings,
  variableOf,
} from '@holdfast/server';
import type { Configuration, ConfigurationSources, Setting } from '@holdfast/server';
import { nodeSteps } from '../cluster-steps.ts';
import { UsageError } from '../failure.ts';
import type { Environment } from '../environment.ts';

/** `holdfast server`: every setting is a flag and a variable. */
export function addServerCommands(program: Command, at: () => Environment): void {
  const server = program
    .command('server')
    .description('Runs one node until it is stopped.')
    .option('-c, --config <path>', 'configuration file (YAML)')
    .addOption(new Option('--file <path>', 'the same as --config').hideHelp())
    .addHelpText(
      'after',
      `
A flag goes before an environment variable, that before the file, that before the default.

Examples:
  holdfast server --config config/single.yaml
  holdfast server --http-port 9000 --storage-folder /tmp/holdfast
  HOLDFAST_HTTP_PORT=9000 holdfast server`,
    );
  for (const setting of settings) {
    const fallback = Array.isArray(setting.default)
      ? setting.default.join(',')
      : String(setting.default);
    server.option(
      `--${flagOf(setting)} ${valueOf(setting)}`,
      `${setting.description} [${variableOf(setting)}, default ${fallback === '' ? 'empty' : fallback}]`,
    );
  }
  server.action(async (options: Readonly<Record<string, string | true | undefined>>) => {
    const flags: Record<string, string | true> = {};
    for (const setting of settings) {
      const flag = flagOf(setting);
      const given =
        options[flag.replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase())];
      if (given !== undefined) flags[flag] = given;
    }
    const { config, file: other } = options;
    if (config !== undefined && other !== undefined)
      throw new UsageError(
        `--config and --file mean the same; given: "${String(config)}" and "${String(other)}".`,
      );
    const file = [config, other].find((one) => typeof one === 'string');
    const sources = { flags, environment: process.env };
    const configuration = configure(file === undefined ? sources : { ...sources, file });
    const node = await runNode(configuration);
    const { output } = at();
    output.write(
      output.json
        ? `${JSON.stringify({ ready: true, node_id: node.nodeId, url: node.url })}\n`
        : nodeSteps(node.url, configuration),
    );
    // Signals end the process; see the server package.
    await new Promise<never>(() => {
      // Never settles.
    });
  });
}

/** A setting with a flag of its own is one that is switched on: it needs no value. */
function valueOf(setting: Setting): string {
  if (setting.flag !== undefined) return '[value]';
  return Array.isArray(setting.default) ? '<list>' : '<value>';
}

/** @throws UsageError */
function configure(sources: ConfigurationSources): Configuration {
  try {
    return loadConfiguration(sources);
  } catch (error) {
    throw error instanceof ConfigurationError
      ? new UsageError(error.message, { cause: error })
      : error;
  }
}
