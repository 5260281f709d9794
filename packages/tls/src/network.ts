/**
 * The network that counts as one caller, or one place where connections come from.
 *
 * Of IPv6 that is the first 64 bits: the rest is chosen by whoever has the network. An IPv4 address in an IPv6 one is the
 * IPv4 address.
 */
import { isIPv6 } from 'node:net';

export function networkOf(address: string): string {
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) return bare;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail = ''] = bare.toLowerCase().split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  const between = bare.includes('::') ? 8 - before.length - lengthOf(after) : 0;
  const all = [...before, ...Array.from({ length: Math.max(0, between) }, () => '0'), ...after];
  const first = all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
  return `${first.join(':')}::/64`;
}

/** In groups of 16 bits: an IPv4 address at the end takes two. */
const lengthOf = (groups: readonly string[]): number =>
  groups.length + (groups.at(-1)?.includes('.') === true ? 1 : 0);
