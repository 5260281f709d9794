/** What an examination finds, and what to do about it. */

export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  readonly what:
    'configuration' | 'security' | 'certificates' | 'disk' | 'ports' | 'peers' | 'clocks';
  readonly found: string;
  /** Empty where nothing is to be done. */
  readonly advice: string;
}

type Parts = readonly [what: Finding['what'], found: string, advice?: string];

const of =
  (level: Finding['level']) =>
  (...[what, found, advice = '']: Parts): Finding => ({ level, what, found, advice });

export const fine: (...parts: Parts) => Finding = of('ok');
export const warning: (...parts: Parts) => Finding = of('warning');
export const wrong: (...parts: Parts) => Finding = of('error');

export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
