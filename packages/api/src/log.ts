/** Where the api logs. A pino logger fits both. */

/** Where the api tells what only an operator can act upon. */
export interface ApiLog {
  /** Each request. Left out: they are not logged. */
  debug?(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log whose level can be read and set. */
export interface LogWithLevel {
  level: string;
}
