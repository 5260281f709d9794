#!/usr/bin/env node
/**
 * What `holdfast` is when it is installed. Client commands are in the same bundle as this module
 * (scripts/bundle-commands.ts), since reading a hundred files takes longer than what they do.
 *
 * BUNDLE-1: a command that needs packages of the server is run by the modules of this package, never by the bundle. Both have the
 *     classes of errors, and those of the one are not `instanceof` those of the other.
 */
import './no-debugger.ts';
import './deaf-stderr.ts';

const words = process.argv.slice(2);
const { fileWith, needsServerPackages } = await import('./groups.ts');
const file = fileWith(words);
const { start } = needsServerPackages(words)
  ? await import('@holdfast/cli')
  : file === undefined
    ? await import('./start.ts')
    : await startIn(file);
await start(words);

/** BUNDLE-2 of scripts/bundle-commands.ts. */
async function startIn(path: string): Promise<typeof import('./start.ts')> {
  return (await import(new URL(path, import.meta.url).href)) as typeof import('./start.ts');
}
