/** A register: what is read is what was written last. */
import type { Model } from '../history.ts';

export type RegisterCall =
  | { readonly type: 'read'; readonly register: string }
  | { readonly type: 'write'; readonly register: string; readonly value: number }
  /** Writes `value` where it finds `expected`. */
  | {
      readonly type: 'compare_and_set';
      readonly register: string;
      readonly expected: number | null;
      readonly value: number;
    };

export type RegisterAnswer =
  | { readonly type: 'value'; readonly value: number | null }
  | { readonly type: 'written' }
  | { readonly type: 'different' };

/** Null: never written. */
export const registerModel: Model<number | null, RegisterCall, RegisterAnswer> = {
  initial: null,
  keyOf: (call) => call.register,
  step: (state, call, answer) => {
    switch (call.type) {
      case 'read':
        return answer?.type !== 'value' || answer.value === state ? [state] : [];
      case 'write':
        return [call.value];
      case 'compare_and_set': {
        const equal = state === call.expected;
        if (answer?.type === 'different') return equal ? [] : [state];
        if (answer?.type === 'written' && !equal) return [];
        return [equal ? call.value : state];
      }
    }
  },
  hash: String,
  describe: (call, answer) => {
    if (call.type === 'read')
      return `reads ${answer?.type === 'value' ? String(answer.value) : '?'}`;
    const outcome = answer === undefined ? ': ?' : answer.type === 'different' ? ': no' : '';
    return call.type === 'write'
      ? `writes ${String(call.value)}${outcome}`
      : `sets ${String(call.expected)} to ${String(call.value)}${outcome}`;
  },
  describeState: (state) => (state === null ? 'never written' : String(state)),
};
