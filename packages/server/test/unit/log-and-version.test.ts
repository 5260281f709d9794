import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { version } from '../../src/index.ts';
import { textLines } from '../../src/text-log.ts';

describe('the version', () => {
  it('is that of the package', () => {
    const manifest: unknown = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    assert.ok(typeof manifest === 'object' && manifest !== null && 'version' in manifest);
    assert.equal(version, manifest.version);
  });
});

describe('log lines for people', () => {
  it('hold time, level, node, message and fields, and end', () => {
    let text = '';
    const log = pino(
      { base: { node: 'node-1' } },
      textLines({
        write: (part: string) => {
          text += part;
        },
      }),
    );
    log.warn({ peer: 'node-2', ms: 12 }, 'The peer is slow.');
    assert.match(
      text,
      /^\d\d:\d\d:\d\d\.\d{3} warn  node-1  The peer is slow\.  peer=node-2 ms=12\n$/,
    );
  });
});
