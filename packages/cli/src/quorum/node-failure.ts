/** Why a lease node could not be started, as a sentence with the next step. */
import type { NodeSettings } from './node-settings.ts';

/** Result codes of SQLite; the extended ones have them in their lowest byte. */
const sqliteBusy = 5;
const sqliteReadOnly = 8;
const sqliteFull = 13;
const sqliteCannotOpen = 14;

/** What is not known here comes back as it is. */
export function startFailure(
  error: unknown,
  { file, host, port }: Pick<NodeSettings, 'file' | 'host' | 'port'>,
): unknown {
  if (!(error instanceof Error)) return error;
  const { errcode } = error as { readonly errcode?: unknown };
  const text =
    typeof errcode === 'number'
      ? textForFile(errcode & 0xff, file)
      : textForAddress(error, host, port, '--port');
  return text === undefined ? error : new Error(text, { cause: error });
}

/** @param option Which names the port. */
export function addressFailure(
  error: unknown,
  host: string,
  port: number,
  option: string,
): unknown {
  if (!(error instanceof Error)) return error;
  const text = textForAddress(error, host, port, option);
  return text === undefined ? error : new Error(text, { cause: error });
}

function textForAddress(
  error: Error,
  host: string,
  port: number,
  option: string,
): string | undefined {
  const { code } = error as { readonly code?: unknown };
  const address = `Port ${String(port)} of ${host}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${address} is in use, by another node or another program. Stop that one, or choose another port with ${option}.`;
    case 'EACCES':
      return `${address} may not be used by this user. Choose a port above 1023 with ${option}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `"${host}" is no address of this machine. Give one with --host, 0.0.0.0 for all.`;
    default:
      return typeof code === 'string' && code.startsWith('ERR_OSSL')
        ? `--tls-cert and --tls-key are no certificate and key in PEM that belong together: ${error.message}`
        : undefined;
  }
}

function textForFile(errcode: number, file: string): string | undefined {
  switch (errcode) {
    case sqliteBusy:
      return `${file} is in use by another process, perhaps by this very node. Stop that one, or give another file with --db: each node has one of its own.`;
    case sqliteReadOnly:
      return `${file} may not be written to by this user. Change that, or give another file with --db.`;
    case sqliteFull:
      return `${file} cannot be written: the disk is full. Make room, or give a file elsewhere with --db.`;
    case sqliteCannotOpen:
      return `${file} cannot be opened. Give a file in a folder that may be written to with --db.`;
    default:
      return undefined;
  }
}
