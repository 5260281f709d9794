import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  checkLinearizable,
  drawHistory,
  fromJsonLines,
  registerModel,
  toJsonLines,
} from '../../src/index.ts';
import type { Operation, RegisterAnswer, RegisterCall } from '../../src/index.ts';

const history: readonly Operation<RegisterCall, RegisterAnswer>[] = [
  {
    client: 'ann',
    call: { type: 'write', register: '<b>', value: 1 },
    calledAtMs: 0,
    outcome: { type: 'answered', answer: { type: 'written' }, atMs: 5 },
  },
  {
    client: 'bob',
    call: { type: 'read', register: '<b>' },
    calledAtMs: 6,
    outcome: { type: 'answered', answer: { type: 'value', value: null }, atMs: 8 },
  },
  {
    client: 'bob',
    call: { type: 'write', register: '<b>', value: 2 },
    calledAtMs: 4,
    outcome: { type: 'unknown' },
  },
  {
    client: 'cleo & co',
    call: { type: 'read', register: '<b>' },
    calledAtMs: 9,
    outcome: { type: 'answered', answer: { type: 'value', value: 1 }, atMs: 12 },
  },
];
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isCall = (value: unknown): value is RegisterCall => isObject(value);
const isAnswer = (value: unknown): value is RegisterAnswer => isObject(value);

describe('A history as a file', () => {
  it('is read back as it was written', () => {
    assert.deepEqual(fromJsonLines(toJsonLines(history), isCall, isAnswer), history);
  });
  it('that is none is refused with its line', () => {
    const text = toJsonLines(history) + '{"client":"x"}\n';
    assert.throws(() => fromJsonLines(text, isCall, isAnswer), /Line 5 is no operation/);
  });
});

describe('The drawing of a failed history', () => {
  const verdict = checkLinearizable(registerModel, history);
  assert.ok(verdict.type === 'violation');
  const page = drawHistory(registerModel, history, verdict);
  it('has a bar for each operation, told apart by what became of it', () => {
    assert.match(page, /<g class="placed"><title>ann: writes 1, 0\.0 to 5\.0 ms/);
    assert.match(page, /<g class="stuck"><title>bob: reads null, 6\.0 to 8\.0 ms/);
    assert.match(page, /<g class="unknown"><title>bob: writes 2: \?, 4\.0 to unknown/);
  });
  it('marks where nothing can come next, and what was not reached', () => {
    assert.match(page, /nothing can come next before 8\.0 ms/);
    assert.match(page, /<g class="later"><title>cleo &#38; co: reads 1, 9\.0 to 12\.0 ms/);
  });
  it('is well-formed', () => {
    const open: string[] = [];
    const [body = ''] = /<body>[^]*<\/body>/.exec(page) ?? [];
    for (const [, closes, name, attributes, alone] of body.matchAll(
      /<(\/?)([a-z0-9]+)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(\/?)>/g,
    )) {
      assert.ok(name !== undefined && attributes !== undefined);
      if (closes === '/') assert.equal(open.pop(), name);
      else if (alone !== '/') open.push(name);
    }
    assert.deepEqual(open, []);
    const words = body.replace(/<\/?[a-z0-9]+(?: [a-zA-Z0-9-]+="[^"<>]*")*\/?>/g, '');
    assert.doesNotMatch(words, /[<>]|&(?!#\d+;)/);
    assert.doesNotMatch(body, /NaN|Infinity|undefined/);
  });
  it('tells in words what is wrong', () => {
    assert.match(page, /none of these can come next: bob reads null/);
  });
  it('shows names as text', () => {
    assert.ok(!page.includes('<b>”'));
    assert.match(page, /Not linearizable: &#60;b&#62;/);
  });
});
