/** What operations of the cache have in common: keys, values, states of lines. */
import { maxNameLength } from '../fields.ts';
import { example, json, string, text, uint64 } from '../schema.ts';
import type { Enumeration, Schema } from '../schema.ts';

export const key: Schema = example(
  text(1, maxNameLength, 'The key. "/" makes a hierarchy for access rules.'),
  'user/123',
);
export const toldKey: Schema = example(string('The key.'), 'user/123');
export const value: Schema = example(json('Any JSON, of at most 65,536 bytes.'), { name: 'Ada' });
export const lineStates: Enumeration = {
  name: 'LineState',
  typeName: 'LineState',
  description: 'What a node has in its memory of a key.',
  unspecified: 'Never told.',
  values: {
    modified: [1, 'The value, which this node wrote; no other node has it in its memory.'],
    exclusive: [2, 'The value; no other node has it in its memory.'],
    shared: [3, 'The value; other nodes may have it as well.'],
    invalid: [4, 'Nothing: the next read asks the leader.'],
  },
};

export const fillToken: Schema = example(
  text(1, 100, 'Names a turn to load the value of a key.'),
  '7-1',
);
export const toldNode: Schema = example(string('Id of the node that answers.'), 'node-2');
export const version: Schema = example(
  uint64(0, undefined, 'Log index of the write that gave the key its value.'),
  1024,
);
