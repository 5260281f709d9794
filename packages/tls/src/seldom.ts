/** Lines that whoever reaches a port can cause: at most one a minute for each subject, with how many there were. */
import type { TlsLog } from './certificates.ts';

const everyMs = 60_000;

interface Said {
  atMs: number;
  since: number;
}

export class Seldom {
  readonly #log: Pick<TlsLog, 'warn'>;
  readonly #said = new Map<string, Said>();

  constructor(log: Pick<TlsLog, 'warn'>) {
    this.#log = log;
  }

  /** @param subject One of few. */
  say(subject: string, fields: object, message: string): void {
    const now = performance.now();
    const said = this.#said.get(subject);
    if (said !== undefined && now - said.atMs < everyMs) {
      said.since += 1;
      return;
    }
    this.#said.set(subject, { atMs: now, since: 0 });
    const more = said?.since ?? 0;
    this.#log.warn(more === 0 ? fields : { ...fields, since_the_last: more }, message);
  }
}
