/**
 * Writes docs/errors.md, docs/metrics.md, docs/openapi.json and docs/stream.md from the code. With `--check` it
 * writes nothing and fails where a document differs from what the code says.
 *
 * node --conditions=source packages/api/scripts/generate-documents.ts [--check]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import {
  errorsDocument,
  metricsDocument,
  openApiText,
  streamProtocolDocument,
} from '../src/documents.ts';

const root = new URL('../../../', import.meta.url);
const style = JSON.parse(readFileSync(new URL('.prettierrc.json', root), 'utf8')) as object;
const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

const documents: readonly (readonly [path: string, parser: 'markdown' | 'json', text: string])[] = [
  ['docs/errors.md', 'markdown', errorsDocument()],
  ['docs/metrics.md', 'markdown', metricsDocument()],
  ['docs/openapi.json', 'json', openApiText(version)],
  ['docs/stream.md', 'markdown', streamProtocolDocument()],
];

const isCheck = process.argv.includes('--check');
let differing = 0;
mkdirSync(new URL('docs/', root), { recursive: true });
for (const [path, parser, text] of documents) {
  const url = new URL(path, root);
  const wanted = await format(text, { ...style, parser });
  const found = existsSync(url) ? readFileSync(url, 'utf8') : '';
  if (found === wanted) continue;
  if (isCheck) {
    differing += 1;
    console.error(
      `${path} differs from the code. Write it anew: node --conditions=source packages/api/scripts/generate-documents.ts`,
    );
  } else {
    writeFileSync(url, wanted);
    console.log(`${path} written.`);
  }
}
process.exitCode = differing > 0 ? 1 : 0;
