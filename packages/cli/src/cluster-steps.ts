/** What to try first on a cluster of this machine, to be copied as it is: with what its nodes ask of clients. */
import type { Configuration, LocalCluster } from '@holdfast/server';
import { firstSteps } from './first-steps.ts';
import { shellWord } from './shell-word.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const adminKey = 'admin.key';

/** @param environment Whose variables the nodes have as well. */
export function clusterSteps(
  { urls, security }: Pick<LocalCluster, 'urls' | 'security'>,
  environment: Variables = process.env,
): string {
  const isKeyAsked = environment['HOLDFAST_SECURITY_AUTHENTICATION'] === 'required';
  if (security === undefined && !isKeyAsked)
    return firstSteps(urls[0] ?? '', 'The cluster is ready; any node answers');
  const asked = {
    urls,
    isKeyAsked,
    isCertificateAsked: asksCertificate(security, environment),
    authority: security?.authority ?? '',
    client: security?.client,
  };
  const over = security === undefined ? '' : ', over TLS';
  return stepsWith(asked, `The cluster is ready${over}; any node answers`, environment);
}

/** Of one node, which may be of this machine alone. */
export function nodeSteps(
  url: string,
  { tls, requiresAuthentication }: Pick<Configuration, 'tls' | 'requiresAuthentication'>,
  environment: Variables = process.env,
): string {
  const headline = `Holdfast serves clients on ${url}`;
  if (tls === null && !requiresAuthentication) return firstSteps(url, headline);
  const asked = {
    urls: [url],
    isKeyAsked: requiresAuthentication,
    isCertificateAsked: tls?.clientCertificates === 'required',
    authority: tls?.files.authority ?? '',
    // Made by whoever has the key of the authority.
    client: { certificate: 'client.crt', key: 'client.key' },
  };
  return stepsWith(asked, headline, environment);
}

/** What whoever asks has to show, and where it is. */
interface Asked {
  readonly urls: readonly string[];
  readonly isKeyAsked: boolean;
  readonly isCertificateAsked: boolean;
  /** Empty: those that the platform has. */
  readonly authority: string;
  readonly client: { readonly certificate: string; readonly key: string } | undefined;
}

function stepsWith(asked: Asked, headline: string, environment: Variables): string {
  const { urls, isKeyAsked } = asked;
  const { certificateLine, options } = ofClients(asked);
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
    `curl${options} ${urls[0] ?? ''}/health`,
  ];
  return `
${headline}${whom(asked)}. Try:

${lines.map((line) => `  ${line}`).join('\n')}

Ctrl-C stops it.
`;
}

const asksCertificate = (
  security: LocalCluster['security'],
  { HOLDFAST_TLS_CLIENT_CERTIFICATES: asked = 'required' }: Variables,
): boolean => security !== undefined && asked !== 'optional' && asked !== 'off';

function whom({ isCertificateAsked, isKeyAsked }: Asked): string {
  const shown = [
    ...(isCertificateAsked ? ['a certificate'] : []),
    ...(isKeyAsked ? ['an API key'] : []),
  ];
  return shown.length === 0 ? '' : ` whoever shows ${shown.join(' and ')}`;
}

/** What clients are told of certificates: variables, and options of curl. */
function ofClients({ isCertificateAsked, authority, client }: Asked): {
  readonly certificateLine: readonly string[];
  readonly options: string;
} {
  const trusted = authority === '' ? [] : [['HOLDFAST_CA', '--cacert', authority]];
  const shown =
    isCertificateAsked && client !== undefined
      ? [
          ['HOLDFAST_CERT', '--cert', client.certificate],
          ['HOLDFAST_KEY', '--key', client.key],
        ]
      : [];
  const all = [...trusted, ...shown].map(([variable = '', option = '', path = '']) => ({
    variable: `${variable}=${shellWord(path)}`,
    option: ` ${option} ${shellWord(path)}`,
  }));
  const variables = all.map(({ variable }) => variable).join(' ');
  return {
    certificateLine: all.length === 0 ? [] : [`export ${variables}`],
    options: all.map(({ option }) => option).join(''),
  };
}
