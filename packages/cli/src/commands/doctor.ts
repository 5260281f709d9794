/** `holdfast doctor`: whether a node can run well with this configuration, on this machine, among these others. */
import type { Command } from 'commander';
import { formatHostPort, hostOnThisMachine } from '@holdfast/protocol';
import { ConfigurationError, loadConfiguration } from '@holdfast/server';
import type { Configuration } from '@holdfast/server';
import { askingWith } from '../doctor/ask.ts';
import { examineCertificates } from '../doctor/certificates.ts';
import { examineDisk } from '../doctor/disk.ts';
import { fine, wrong } from '../doctor/finding.ts';
import type { Finding } from '../doctor/finding.ts';
import { examinePeers, examinePorts } from '../doctor/network.ts';
import { examineNodes } from '../doctor/nodes.ts';
import { examineSecurity } from '../doctor/security.ts';
import { exitStatus } from '../exit-status.ts';
import { printTable } from '../output.ts';
import type { Output } from '../output.ts';
import { printableLines } from '../printable.ts';
import type { Environment } from '../environment.ts';

export function addDoctorCommand(program: Command, at: () => Environment): void {
  program
    .command('doctor')
    .description(
      'Examines configuration, security, disk, ports, peers, clocks and certificates of a node.',
    )
    .option('-c, --config <path>', 'configuration file (YAML)')
    .addHelpText(
      'after',
      `
It takes the settings of the file and of the environment, as "holdfast server" does, and says of each finding
what to do. Run it on the machine of the node and as its user, whether the node runs or not. It changes nothing:
a file that it writes to time the disk is taken away again. This node, those of --endpoint and the members that they
name are asked and compared, with the certificates of the configuration (or --ca, --cert, --key), and with the key of
HOLDFAST_API_KEY_FILE where authentication is on. A member is shown that key where a node of this cluster names it,
and never over plain HTTP where this node has TLS.

The exit status is 1 where something is wrong, and 0 where there are warnings alone.

Examples:
  holdfast doctor --config config/cluster.yaml
  holdfast doctor --json`,
    )
    .action(async ({ config }: { readonly config?: string }) => {
      const { output, finish, namedEndpoints } = at();
      const findings = await examine(config, namedEndpoints());
      print(output, findings);
      if (findings.some(({ level }) => level === 'error')) finish(exitStatus.failure);
    });
}

async function examine(
  file: string | undefined,
  endpoints: readonly string[],
): Promise<readonly Finding[]> {
  let configuration: Configuration;
  try {
    const sources = { environment: process.env };
    configuration = loadConfiguration(file === undefined ? sources : { ...sources, file });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [wrong('configuration', error.message, 'See docs/configuration.md.')];
  }
  const { httpHost, httpPort, tls, folder, nodeId, clusterId, peers } = configuration;
  const scheme = tls === null ? 'http' : 'https';
  const url = `${scheme}://${formatHostPort(hostOnThisMachine(httpHost), httpPort)}`;
  const own = { url, nodeId, clusterId };
  const asking = askingWith(configuration);
  const nodes = await examineNodes(own, endpoints, asking);
  return [
    fine('configuration', 'it can be used'),
    ...(await examineSecurity(configuration, url, asking)),
    ...(await examineCertificates(configuration, Date.now())),
    ...(await examineDisk(folder)),
    ...(await examinePorts(configuration, nodes.isRunning)),
    ...(await examinePeers(peers)),
    ...nodes.findings,
  ];
}

function print(output: Output, findings: readonly Finding[]): void {
  printTable(
    output,
    { findings },
    ['', 'WHAT', 'FOUND'],
    findings.map(({ level, what, found }) => [level, what, found]),
  );
  const advised = findings.filter(({ advice }) => advice !== '');
  if (output.json || advised.length === 0) return;
  output.write('\n');
  for (const { found, advice } of advised)
    output.write(`${printableLines(found)}\n  ${printableLines(advice)}\n`);
}
