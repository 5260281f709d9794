/** Values that people type and read: metadata of a hold, what a leader tells. */
import type { Json } from '@holdfast/protocol';
import { UsageError } from './failure.ts';
import { cutTo } from './printable.ts';

/** Wider, a table is no table any more; --json has all of it. */
const widestValue = 80;

/** For the help of what takes such a value. */
export const numbersHelp = `A whole number that programs would read as another one (12345678901234567890, 1e400) is refused:
write it as text, '"..."'.`;

/**
 * JSON where the text is some, else the text itself.
 *
 * @throws UsageError for a whole number that would be sent as another one, and for one that is beyond what can be sent. Of a
 *     fraction the digits beyond those that programs keep are left out, as every one of them does.
 */
export function jsonOrText(text: string): Json {
  let value: Json;
  try {
    // Whatever JSON.parse gives is JSON.
    value = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  for (const [token] of text.matchAll(stringOrNumber))
    if (!token.startsWith('"') && isLost(token))
      throw new UsageError(
        `The number ${shortened(token)} would be read as ${JSON.stringify(Number(token))}. Write it as text: ${shortened(JSON.stringify(token))}.`,
      );
  return value;
}

/** Of a text that is JSON: each string, so that digits in one are none, and each number. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const shortened = (token: string): string => cutTo(token, widestValue);

function isLost(token: string): boolean {
  const number = Number(token);
  const decimal = decimalOf(token);
  if (decimal === decimalOf(String(number))) return false;
  const isWhole = !decimal.includes('e-');
  return isWhole || number === 0 || !Number.isFinite(number);
}

/** The same for all ways to write a number: its digits without zeros around them, and the power of ten behind them. */
function decimalOf(token: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return whole === '' ? token : '0';
  const zeros = BigInt(digits.length - significant.length - fraction.length);
  return `${sign}${significant}e${String(BigInt(power) + zeros)}`;
}

/** On one line, for people. */
export function shownJson(value: Json): string {
  if (value === null) return '-';
  return cutTo(typeof value === 'string' ? value : JSON.stringify(value), widestValue);
}
