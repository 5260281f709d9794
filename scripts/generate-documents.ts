/**
 * Writes the documents that are made from the code, or with `--check` tells which of them no longer say
 * what the code says.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { spawnSync } from 'node:child_process';
import { buildProgram, readAllGroups } from '@holdfast/cli';
import { flagOf, settings, variableOf } from '@holdfast/server';
import type { Command } from 'commander';
import { safetyDocument, safetyText } from './mutants/document.ts';
import { readResults } from './mutants/results.ts';

const note = '<!-- Made from the code by "make documents". Change the code, not this file. -->\n\n';

function configurationDocument(): string {
  const rows = settings.map((setting) => {
    const value = JSON.stringify(setting.default);
    return `| \`${setting.key}\` | \`${value}\` | ${setting.description.replaceAll('|', '\\|')} | \`--${flagOf(setting)}\` | \`${variableOf(setting)}\` |`;
  });
  return `# Configuration

${note}A setting is taken from its flag, else from its environment variable, else from the file
(\`holdfast server --file FILE\`, YAML, \`section: key: value\`), else it has its default. Lists are
separated by commas in flags and variables. What is not known is refused.

| setting | default | meaning | flag | variable |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

async function cliDocument(): Promise<string> {
  const unused = (): never => {
    throw new Error('no command runs here');
  };
  const texts: string[] = [];
  const describe = (command: Command, path: string): void => {
    command.configureHelp({ helpWidth: 100 });
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    texts.push(`## ${path}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`);
    for (const child of command.commands) describe(child, `${path} ${child.name()}`);
  };
  describe(buildProgram(unused, await readAllGroups()), 'holdfast');
  return `# Command line\n\n${note}${texts.join('\n')}`;
}

const documents: readonly (readonly [path: string, text: string])[] = [
  ['docs/configuration.md', configurationDocument()],
  ['docs/cli.md', await cliDocument()],
  [safetyDocument, await safetyText('.', readResults('.'))],
];

const checking = process.argv.includes('--check');
for (const [path, text] of documents) {
  const stands = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (stands === text) continue;
  if (checking) {
    console.error(`${path} does not say what the code says. Run "make documents".`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
// What is made from the contract comes first: the api's documents are made from that.
for (const script of [
  'packages/contract/scripts/generate.ts',
  'packages/api/scripts/generate-documents.ts',
]) {
  const { status } = spawnSync(
    process.execPath,
    ['--conditions=source', script, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exitCode = 1;
}
