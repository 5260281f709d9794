/** Who is refused for a limit is told which one, and whether another node would refuse the same (docs/security.md). */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const packages = fileURLToPath(new URL('../../..', import.meta.url));
/** Where refusals of nodes are made; those of the state have their scope from `requestErrorOf`. */
const made = /new (?:RequestError|HoldfastError)\(\s*'limit_exceeded',[\s\S]*?\n?\s*\)(?:;|,?\n)/g;

test('each refusal of a node for a limit names the limit and its scope', () => {
  const files = globSync('{api,engine,quorum,queue}/src/**/*.ts', { cwd: packages });
  const refusals = files.flatMap((file) =>
    (readFileSync(`${packages}/${file}`, 'utf8').match(made) ?? []).map((text) => ({ file, text })),
  );
  assert.ok(refusals.length >= 8, String(refusals.length));
  for (const { file, text } of refusals) {
    assert.match(text, /\blimit\b(?:: |,)/, `${file}: ${text}`);
    assert.match(text, /scope: '(?:node|cluster)'/, `${file}: ${text}`);
  }
});
