/** What the nodes that run say of themselves: this one, those of --endpoint, and the members that any of them names. */
import { hear } from './ask.ts';
import type { Asking, NodeProbe } from './ask.ts';
import { fine, warning, wrong } from './finding.ts';
import type { Finding } from './finding.ts';

/** The header has whole seconds. */
const clockToleranceMs = 2000;
/** Members are seven at most, and learners beside them. */
const mostAsked = 32;

interface Told {
  readonly nodeId: string;
  readonly clusterId: string;
  readonly version: string;
  readonly leader: string | null;
  readonly members: string;
  /** Where clients reach the members, as far as this one knows. */
  readonly urls: ReadonlyMap<string, string>;
  readonly insecure: boolean;
  readonly clockAheadMs: number | undefined;
}

function toldIn({ status, date, hereMs }: Extract<NodeProbe, { kind: 'told' }>): Told {
  return {
    nodeId: status.node_id,
    clusterId: status.cluster_id,
    version: status.version,
    leader: status.leader,
    members: status.members
      .map(({ node_id }) => node_id)
      .sort()
      .join(', '),
    urls: new Map(status.members.map(({ node_id, url }) => [node_id, url])),
    insecure: status.insecure,
    clockAheadMs: Number.isNaN(date) ? undefined : date + 500 - hereMs,
  };
}

/** What the configuration says of the node that is examined. */
export interface Examined {
  /** URL at which it is reached from its own machine. */
  readonly url: string;
  readonly nodeId: string;
  readonly clusterId: string;
}

/** An address, and how it is told of. */
interface Asked {
  readonly who: string;
  /** DOCTOR-KEY-1 of `ask.ts`. */
  readonly showsKey: boolean;
}

const isPlain = (url: string): boolean => !url.toLowerCase().startsWith('https:');

/** Asks each once, then the members that they name. */
class Round {
  readonly told: Told[] = [];
  readonly findings: Finding[] = [];
  /** What came of each URL. */
  readonly heard = new Map<string, NodeProbe['kind']>();
  readonly #asking: Asking;
  readonly #own: Examined;
  readonly #asked = new Set<string>();

  /** As this node itself tells it: the configuration may leave it to the folder of a node. */
  #ownClusterId: string;

  constructor(asking: Asking, own: Examined) {
    this.#asking = asking;
    this.#own = own;
    this.#ownClusterId = own.clusterId;
  }

  /** This node and those of --endpoint. */
  async askGiven(urls: readonly string[]): Promise<void> {
    await this.#ask(new Map(urls.map((url) => [url, { who: url, showsKey: true }])));
  }

  async #ask(urls: ReadonlyMap<string, Asked>): Promise<void> {
    const fresh = [...urls].filter(([url]) => url !== '' && !this.#asked.has(url));
    for (const [url] of fresh) this.#asked.add(url);
    const heard = await Promise.all(
      fresh.map(async ([url, asked]) => {
        const manner = { isOwn: url === this.#own.url, showsKey: asked.showsKey };
        return { url, asked, one: await hear(url, this.#asking, manner) };
      }),
    );
    for (const { url, asked, one } of heard) {
      if (one.kind === 'told') {
        const told = toldIn(one);
        this.#take(told);
        if (url === this.#own.url) this.#ownClusterId = told.clusterId;
      }
      this.heard.set(url, one.kind);
      const finding = this.#judge(url, asked, one);
      if (finding !== undefined) this.findings.push(finding);
    }
  }

  async askMembers(): Promise<void> {
    const known = new Set(this.told.map(({ nodeId }) => nodeId));
    const isOfOwn = ({ clusterId }: Told): boolean => clusterId === this.#ownClusterId;
    // What nodes of the own cluster say of a member counts, whatever others say of it.
    const byTrust = [...this.told].sort((a, b) => Number(isOfOwn(a)) - Number(isOfOwn(b)));
    const named = new Map(
      byTrust.flatMap((told) =>
        [...told.urls].map(([id, url]) => {
          const showsKey = isOfOwn(told) && !(isPlain(url) && !isPlain(this.#own.url));
          return [id, { url, asked: { who: `${id} (${url})`, showsKey } }] as const;
        }),
      ),
    );
    const others = [...named]
      .filter(([id, { url }]) => url !== '' && !known.has(id))
      .slice(0, mostAsked);
    await this.#ask(new Map(others.map(([, { url, asked }]) => [url, asked])));
  }

  /** The same node may be reached at two addresses. */
  #take(told: Told): void {
    if (
      !this.told.some(
        ({ nodeId, clusterId }) => nodeId === told.nodeId && clusterId === told.clusterId,
      )
    )
      this.told.push(told);
  }

  #judge(url: string, { who, showsKey }: Asked, heard: NodeProbe): Finding | undefined {
    switch (heard.kind) {
      case 'told':
        return undefined;
      case 'refused':
        return warning(
          'peers',
          `${who} answers, and does not tell its status to this caller: ${heard.reason}`,
          showsKey
            ? 'Set HOLDFAST_API_KEY_FILE to a file with the key of an identity that has a role, and examine again.'
            : 'It was asked without the API key, as a node of another cluster named it, or its address (http.advertise) is one without TLS: correct that, or name it with --endpoint.',
        );
      case 'handshake':
        return wrong(
          'certificates',
          `${who} listens, and no connection over TLS comes about: ${heard.reason}`,
          'It was asked with the certificates of the configuration, or with those of --ca, --cert and --key: see docs/security.md and docs/runbooks/expired-certificates.md.',
        );
      case 'other':
        return warning(
          'peers',
          `${who} answers, and not as a node that serves: ${heard.reason}`,
          'Look at its log, or correct the address.',
        );
      case 'silent':
        // A node that does not run is examined as well: it is told of once, by examineNodes.
        return url === this.#own.url
          ? undefined
          : warning(
              'peers',
              `${who} does not answer: ${heard.reason}`,
              'Start it, or correct its address (http.advertise), or open the port to this machine.',
            );
    }
  }
}

/**
 * All nodes that run.
 *
 * @returns Also whether this node is one of them; undefined: that cannot be told.
 */
export async function examineNodes(
  own: Examined,
  endpoints: readonly string[],
  asking: Asking,
): Promise<{ readonly findings: readonly Finding[]; readonly isRunning: boolean | undefined }> {
  const round = new Round(asking, own);
  const given = [...new Set([own.url, ...endpoints])];
  await round.askGiven(given);
  await round.askMembers();
  const { told, heard } = round;
  const findings = [...round.findings];
  if ([...heard.values()].every((kind) => kind === 'silent'))
    findings.push(
      warning(
        'peers',
        `no node answers at ${given.join(', ')}`,
        'Name running nodes with --endpoint to have them compared.',
      ),
    );
  findings.push(...comparisons(told), ...told.flatMap(stateOf)); // spread: findings of a few members
  // A node that refuses to tell who it is, at the address of this one, is taken for it.
  const ofOwn = heard.get(own.url);
  const isThere = told.some(({ nodeId }) => nodeId === own.nodeId) || ofOwn === 'refused';
  const isRunning = !isThere && ofOwn === 'handshake' ? undefined : isThere;
  return { findings, isRunning };
}

function comparisons(nodes: readonly Told[]): readonly Finding[] {
  const compare = (what: string, of: (one: Told) => string, advice: string): readonly Finding[] => {
    const different = new Set(nodes.map(of));
    if (different.size > 1) {
      const each = nodes.map((one) => `${one.nodeId}: ${of(one)}`).join('; ');
      return [warning('peers', `nodes differ in ${what}: ${each}`, advice)];
    }
    if (nodes.length < 2) return [];
    const said = `${String(nodes.length)} nodes agree on ${what}: ${[...different].join()}`;
    return [fine('peers', said)];
  };
  return [
    ...compare('the release', ({ version }) => version, 'End the upgrade: see docs/upgrade.md.'),
    ...compare(
      'the members',
      ({ members }) => members,
      'One that is behind catches up by itself; if it does not, look at its log.',
    ),
    ...compare(
      'the name of the cluster',
      ({ clusterId }) => clusterId,
      'These are nodes of different clusters: correct the endpoints.',
    ),
  ];
}

function stateOf({ nodeId: id, clockAheadMs, leader, insecure }: Told): readonly Finding[] {
  const findings: Finding[] = [];
  if (leader === null)
    findings.push(wrong('peers', `${id} knows no leader`, 'See docs/runbooks/lost-majority.md.'));
  if (insecure)
    findings.push(
      warning(
        'security',
        `${id} is reached without TLS and authentication`,
        'Give it certificates: see docs/security.md.',
      ),
    );
  if (clockAheadMs === undefined) return findings;
  const seconds = (Math.abs(clockAheadMs) / 1000).toFixed(1);
  const where = clockAheadMs > 0 ? 'ahead of' : 'behind';
  findings.push(
    Math.abs(clockAheadMs) > clockToleranceMs
      ? warning(
          'clocks',
          `the clock of ${id} is ${seconds} s ${where} this machine's`,
          'Set both by NTP. See docs/runbooks/wrong-clock.md.',
        )
      : fine('clocks', `the clock of ${id} is that of this machine`),
  );
  return findings;
}
