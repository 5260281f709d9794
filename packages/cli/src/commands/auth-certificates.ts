/** `holdfast auth certificate ...`: which client certificates prove which identities. */
import type { Command } from 'commander';
import type { Client } from '@holdfast/client';
import type { MapCertificateBody } from '@holdfast/protocol';
import { UsageError } from '../failure.ts';

/** Executes an operation, and prints its answer as a record. */
export type RecordPrinter = (work: (client: Client) => Promise<object>) => Promise<void>;
/** The same of one page of a list, with these of its fields as columns. */
export type ListPrinter = (
  columns: readonly string[],
  work: (client: Client) => Promise<{ readonly next_after: string | null } & object>,
) => Promise<void>;

export function addCertificates(auth: Command, printed: RecordPrinter, listed: ListPrinter): void {
  const certificate = auth
    .command('certificate')
    .description('Mappings of client certificates to identities.');
  certificate
    .command('map <field> <value> <identity>')
    .description('Maps certificates with this field and value to an identity.')
    .addHelpText(
      'after',
      '\nFields: dns, uri, email, common_name.\n\nExample:\n  holdfast auth certificate map common_name reports reports',
    )
    .action((field: string, value: string, identity: string) =>
      printed((client) =>
        client.call('auth_map_certificate', { field: fieldOf(field), value, identity }),
      ),
    );
  certificate
    .command('unmap <field> <value>')
    .description('Removes a mapping: certificates with this field and value prove no identity.')
    .addHelpText('after', '\nExample:\n  holdfast auth certificate unmap common_name reports')
    .action((field: string, value: string) =>
      printed((client) => client.call('auth_unmap_certificate', { field: fieldOf(field), value })),
    );
  certificate
    .command('list')
    .description('Lists mappings of certificates to identities, by pages.')
    .option('--after <text>', '"next_after" of the page before')
    .addHelpText('after', '\nExample:\n  holdfast auth certificate list')
    .action(({ after }: { readonly after?: string }) =>
      listed(['field', 'value', 'identity'], (client) =>
        client.call('auth_list_certificates', after === undefined ? {} : { after }),
      ),
    );
}

const fields: readonly MapCertificateBody['field'][] = ['dns', 'uri', 'email', 'common_name'];

function fieldOf(text: string): MapCertificateBody['field'] {
  const field = fields.find((one) => one === text);
  if (field === undefined)
    throw new UsageError(`A field is one of ${fields.join(', ')}; given: "${text}".`);
  return field;
}
