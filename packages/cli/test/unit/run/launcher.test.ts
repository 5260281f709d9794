import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { describe, it } from 'node:test';
import { channelOf } from '../../../src/run/launcher.ts';

describe('The channel to the shell that starts a command', () => {
  it('is there where too many files are open, and takes what nobody reads: why is told by the error that follows', () => {
    // As Node leaves it then, against its own types.
    const channel = channelOf({ stdio: undefined } as unknown as Pick<ChildProcess, 'stdio'>);
    assert.doesNotThrow(() => channel.write('go\n'));
  });
});
