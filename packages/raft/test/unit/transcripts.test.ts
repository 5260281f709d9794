import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { perform } from '../transcript/script.ts';

const folder = fileURLToPath(new URL('../transcripts/', import.meta.url));

/** REWRITE=1 puts what the core does now into the transcripts: look at the difference before you keep it. */
const rewriting = process.env['REWRITE'] === '1';

describe('The Raft core as its transcripts tell', () => {
  for (const name of readdirSync(folder).sort()) {
    it(name.replace(/\.txt$/, '').replaceAll('-', ' '), () => {
      const expected = readFileSync(folder + name, 'utf8');
      const performed = perform(expected);
      if (rewriting) writeFileSync(folder + name, performed);
      else assert.equal(performed, expected, `${name} differs; REWRITE=1 shows how in git diff`);
    });
  }
});
