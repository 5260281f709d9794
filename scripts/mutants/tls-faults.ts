/** Faults of TLS: certificates, and what connections prove by them. Simulated lives have no network to secure. */
import type { Fault } from './fault.ts';

export const tlsFaults: readonly Fault[] = [
  {
    name: 'client-certificate-of-a-server',
    breaks: 'whoever has the certificate of a client can pretend to be a node',
    file: 'packages/tls/src/development/authority.ts',
    find: 'const usages = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];',
    put: 'const usages = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth])];',
  },
  {
    name: 'authority-replaced',
    breaks: 'a second "cert init" ends the trust in all certificates of the first',
    file: 'packages/tls/src/development/folder.ts',
    find: 'for (const path of [paths.certificate, paths.key])\n    if (existsSync(path))\n',
    put: 'for (const path of [paths.certificate, paths.key])\n    if (folder === path)\n',
  },
  {
    name: 'names-cut-at-commas',
    breaks: 'one name with a comma in it passes for the name of a member',
    file: 'packages/tls/src/names.ts',
    find: '  one.lastIndex = 0;\n',
    put: "  if (subjectAltName !== '') return subjectAltName.split(', ').filter((part) => part.startsWith('DNS:')).map((part) => part.slice(4));\n  one.lastIndex = 0;\n",
  },
];
