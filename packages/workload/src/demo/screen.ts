/**
 * Live output: lines that stay, and on a terminal one line below them that is drawn anew ten times a
 * second. Without a terminal the moving line is printed as a plain one every two seconds.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export type Tone = 'plain' | 'good' | 'bad' | 'quiet' | 'strong';

const styles = {
  plain: 'reset',
  good: 'green',
  bad: 'red',
  quiet: 'dim',
  strong: 'bold',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

const drawEveryMs = 100;
const plainEveryMs = 2000;

export class DemoScreen {
  readonly #output: ScreenOutput;
  readonly #moving: boolean;
  readonly #coloured: boolean;
  #status: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param coloured whether to use colours; false when the reader set NO_COLOR. */
  constructor(output: ScreenOutput, coloured: boolean) {
    this.#output = output;
    this.#moving = output.isTTY === true;
    this.#coloured = coloured && this.#moving;
  }

  paint(text: string, tone: Tone): string {
    return this.#coloured && tone !== 'plain'
      ? styleText(styles[tone], text, { validateStream: false })
      : text;
  }

  /** Prints a line that stays. */
  line(text = ''): void {
    this.#erase();
    this.#output.write(`${text}\n`);
    this.#draw();
  }

  /** Begins to show what `status` says, until `rest`. */
  follow(status: () => string): void {
    this.rest();
    this.#status = status;
    this.#timer = setInterval(
      () => {
        if (this.#moving) {
          this.#erase();
          this.#draw();
        } else {
          this.#output.write(`${status()}\n`);
        }
      },
      this.#moving ? drawEveryMs : plainEveryMs,
    );
  }

  /** Takes the moving line away. */
  rest(): void {
    clearInterval(this.#timer);
    this.#erase();
    this.#status = undefined;
  }

  #erase(): void {
    if (this.#moving && this.#status !== undefined) this.#output.write('\r\u001b[2K');
  }

  #draw(): void {
    if (!this.#moving || this.#status === undefined) return;
    const widest = Math.max(1, (this.#output.columns ?? 80) - 1);
    const status = this.#status();
    const bare = stripVTControlCharacters(status);
    this.#output.write(bare.length <= widest ? status : bare.slice(0, widest));
  }
}

const bars = '▁▂▃▄▅▆▇█';

/** A row of bars, each as high as its value beside the highest; a space where nothing happened. */
export function sparkline(values: readonly number[]): string {
  const highest = values.reduce((most, one) => Math.max(most, one), 1);
  return values
    .map((value) =>
      value === 0 ? ' ' : (bars[Math.min(7, Math.floor((value / highest) * 8))] ?? ' '),
    )
    .join('');
}
