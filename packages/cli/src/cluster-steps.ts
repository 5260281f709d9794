/** What to try first on a cluster of this machine, to be copied as it is: with what its nodes ask of clients. */
import type { LocalCluster } from '@holdfast/server';
import { firstSteps } from './first-steps.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const adminKey = 'admin.key';

/** @param environment Whose variables the nodes have as well. */
export function clusterSteps(
  { urls, security }: Pick<LocalCluster, 'urls' | 'security'>,
  environment: Variables = process.env,
): string {
  const url = urls[0] ?? '';
  const isKeyAsked = environment['HOLDFAST_SECURITY_AUTHENTICATION'] === 'required';
  if (security === undefined && !isKeyAsked)
    return firstSteps(url, 'The cluster is ready; any node answers');
  const { certificateLine, options } = ofClients(security, environment);
  const hasKey =
    (environment['HOLDFAST_API_KEY'] ?? environment['HOLDFAST_API_KEY_FILE'] ?? '') !== '';
  const lines = [
    `export HOLDFAST_ENDPOINTS=${urls.join(',')}`,
    ...certificateLine,
    ...(isKeyAsked && !hasKey
      ? [
          `holdfast auth enable --key-file ${adminKey}    # unless it was done before`,
          `export HOLDFAST_API_KEY_FILE=${adminKey}`,
        ]
      : []),
    'holdfast status',
    'holdfast lock run demo -- sleep 5',
    `curl${options} ${url}/health`,
  ];
  return `
The cluster is ready${security === undefined ? '' : ', over TLS'}; any node answers${whom(security, isKeyAsked, environment)}. Try:

${lines.map((line) => `  ${line}`).join('\n')}

Ctrl-C stops it.
`;
}

const asksCertificate = (
  security: LocalCluster['security'],
  { HOLDFAST_TLS_CLIENT_CERTIFICATES: asked = 'required' }: Variables,
): boolean => security !== undefined && asked !== 'optional' && asked !== 'off';

function whom(
  security: LocalCluster['security'],
  isKeyAsked: boolean,
  environment: Variables,
): string {
  const shown = [
    ...(asksCertificate(security, environment) ? ['a certificate'] : []),
    ...(isKeyAsked ? ['an API key'] : []),
  ];
  return shown.length === 0 ? '' : ` whoever shows ${shown.join(' and ')}`;
}

/** What clients are told of certificates: variables, and options of curl. */
function ofClients(
  security: LocalCluster['security'],
  environment: Variables,
): { readonly certificateLine: readonly string[]; readonly options: string } {
  if (security === undefined) return { certificateLine: [], options: '' };
  const { authority, client } = security;
  const { certificate, key } = client;
  if (!asksCertificate(security, environment))
    return {
      certificateLine: [`export HOLDFAST_CA=${authority}`],
      options: ` --cacert ${authority}`,
    };
  return {
    certificateLine: [
      `export HOLDFAST_CA=${authority} HOLDFAST_CERT=${certificate} HOLDFAST_KEY=${key}`,
    ],
    options: ` --cacert ${authority} --cert ${certificate} --key ${key}`,
  };
}
