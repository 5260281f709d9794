/** Log lines for people: time, level, message, then the fields. */
import type { DestinationStream } from 'pino';

const levels: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

export function textLines(target: { write(text: string): unknown }): DestinationStream {
  return {
    write(line: string): void {
      const {
        level,
        time,
        msg,
        pid: _pid,
        hostname: _hostname,
        node,
        ...fields
      } = JSON.parse(line) as Record<string, unknown>;
      const at = new Date(Number(time)).toISOString().slice(11, 23);
      const rest = Object.entries(fields).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      target.write(
        `${at} ${(levels[Number(level)] ?? '').padEnd(5)} ${String(node)}  ${String(msg)}  ${rest.join(' ')}\n`,
      );
    },
  };
}
