/**
 * Draws on a terminal and gives it back as it was.
 *
 * SCREEN-1: whatever ends the process in order, the cursor, the usual screen and the keyboard come back.
 */
import type { FrameLine, Size } from './frame.ts';

export interface TerminalOut {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

export interface TerminalIn {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (keys: Buffer | string) => void): unknown;
  off(event: 'data', listener: (keys: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

const escape = '\u001b[';
const enter = `${escape}?1049h${escape}?25l`;
const leave = `${escape}?25h${escape}?1049l`;
/** A terminal that knows these shows a frame as a whole; others ignore them. */
const beginFrame = `${escape}?2026h`;
const endFrame = `${escape}?2026l`;
const clearLine = `${escape}K`;
const clearBelow = `${escape}J`;
const looks: Readonly<Record<FrameLine['look'], string>> = {
  plain: '',
  title: `${escape}1m`,
  head: `${escape}7m`,
  alarm: `${escape}1;31m`,
};
/** Without colours an alarm is bold. */
const colourless: Readonly<Record<FrameLine['look'], string>> = { ...looks, alarm: `${escape}1m` };

const usualSize: Size = { columns: 80, rows: 24 };
/** q, Q, Ctrl-C, Ctrl-D: in raw mode the terminal makes no signals of them. */
const quitKeys = ['q', 'Q', '\u0003', '\u0004'] as const;

export class Screen implements Disposable {
  readonly #out: TerminalOut;
  readonly #in: TerminalIn;
  readonly #looks: Readonly<Record<FrameLine['look'], string>>;
  readonly #onKeys: (keys: Buffer | string) => void;
  readonly #onResize: () => void;
  readonly #restore = (): void => this[Symbol.dispose]();
  #open = true;

  /**
   * Takes the terminal.
   *
   * @param events.quit A key that ends it was pressed.
   * @param events.resize The size has changed: draw again.
   */
  constructor(
    streams: { readonly out: TerminalOut; readonly in: TerminalIn },
    events: { readonly quit: () => void; readonly resize: () => void },
    colours: boolean,
  ) {
    this.#out = streams.out;
    this.#in = streams.in;
    this.#looks = colours ? looks : colourless;
    this.#onKeys = (keys) => {
      const pressed = keys.toString();
      if (quitKeys.some((key) => pressed.includes(key))) events.quit();
    };
    this.#onResize = events.resize;
    process.once('exit', this.#restore); // SCREEN-1
    this.#out.write(enter);
    this.#out.on('resize', this.#onResize);
    if (this.#in.isTTY === true) {
      this.#in.setRawMode?.(true);
      this.#in.on('data', this.#onKeys);
      this.#in.resume();
    }
  }

  get size(): Size {
    const { columns, rows } = this.#out;
    return columns > 0 && rows > 0 ? { columns, rows } : usualSize;
  }

  draw(lines: readonly FrameLine[]): void {
    if (!this.#open) return;
    const { columns, rows } = this.size;
    const drawn = lines.slice(0, rows).map(({ text, look }) => {
      const style = this.#looks[look];
      if (style === '') return `${text}${clearLine}`;
      return `${style}${look === 'head' ? text.padEnd(columns) : text}${escape}0m${clearLine}`;
    });
    // No line end behind the last line: it would scroll a full screen.
    this.#out.write(`${beginFrame}${escape}H${drawn.join('\r\n')}${clearBelow}${endFrame}`);
  }

  /** SCREEN-1. Repeating it does nothing. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.#restore);
    this.#out.off('resize', this.#onResize);
    if (this.#in.isTTY === true) {
      this.#in.off('data', this.#onKeys);
      this.#in.setRawMode?.(false);
      this.#in.pause();
    }
    this.#out.write(leave);
  }
}
