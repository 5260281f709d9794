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
    assert.throws(() => fromJsonLines(text, isCall, isAnswer), /Line 4 is no operation/);
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
  it('tells in words what is wrong', () => {
    assert.match(page, /none of these can come next: bob reads null/);
  });
  it('shows names as text', () => {
    assert.ok(!page.includes('<b>”'));
    assert.match(page, /Not linearizable: &#60;b&#62;/);
  });
});
