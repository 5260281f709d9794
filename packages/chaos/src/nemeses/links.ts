/** Lines between nodes that are cut or slow. */
import { leaderOf } from '../cluster/operator.ts';
import type { LinkRule } from '../cluster/proxy.ts';
import type { Nemesis, Nodes, NemesisStage, Struck } from './nemesis.ts';
import { anyNode } from './nemesis.ts';

export type Pair = readonly [from: string, to: string];

export const ruled = <Cluster extends Nodes>(
  name: string,
  lasts: Nemesis['lasts'],
  choose: (
    stage: NemesisStage<Cluster>,
  ) => Promise<{ target: string; pairs: readonly Pair[]; rule: Partial<LinkRule> }>,
): Nemesis<Cluster> => ({
  name,
  lasts,
  strike: async (stage): Promise<Struck> => {
    const { target, pairs, rule } = await choose(stage);
    for (const [from, to] of pairs) stage.cluster.links.set(from, to, rule);
    return {
      target,
      heal: () => {
        for (const [from, to] of pairs) stage.cluster.links.set(from, to, {});
        return Promise.resolve();
      },
    };
  },
});

const others = ({ cluster }: NemesisStage, id: string): string[] =>
  cluster.nodes.map((node) => node.nodeId).filter((other) => other !== id);
export const bothWays = (from: string, to: string): Pair[] => [
  [from, to],
  [to, from],
];
const leaderOrAny = async (stage: NemesisStage): Promise<string> =>
  (await leaderOf(stage.cluster.nodes)) ?? anyNode(stage).nodeId;
export const cut: Partial<LinkRule> = { cut: true };

export const cutOneWay: Nemesis = ruled('cut one way', [500, 3000], (stage) => {
  const from = anyNode(stage).nodeId;
  const to = stage.randomness.pick(others(stage, from));
  return Promise.resolve({ target: `${from} > ${to}`, pairs: [[from, to]], rule: cut });
});

/** Nobody hears it, though it hears them. */
export const muteLeader: Nemesis = ruled('mute leader', [500, 3000], async (stage) => {
  const from = await leaderOrAny(stage);
  return {
    target: `${from} > all`,
    pairs: others(stage, from).map((to): Pair => [from, to]),
    rule: cut,
  };
});

export const cutBothWays: Nemesis = ruled('cut both ways', [500, 3000], (stage) => {
  const from = anyNode(stage).nodeId;
  const to = stage.randomness.pick(others(stage, from));
  return Promise.resolve({ target: `${from} <> ${to}`, pairs: bothWays(from, to), rule: cut });
});

export const isolateLeader: Nemesis = ruled('isolate leader', [500, 4000], async (stage) => {
  const leader = await leaderOrAny(stage);
  return {
    target: leader,
    pairs: others(stage, leader).flatMap((other) => bothWays(leader, other)),
    rule: cut,
  };
});

export const part: Nemesis = ruled('part in two', [500, 4000], ({ cluster, randomness }) => {
  const ids = randomness.shuffled(cluster.nodes.map((node) => node.nodeId));
  const minority = ids.slice(0, Math.floor(ids.length / 2));
  const majority = ids.slice(minority.length);
  return Promise.resolve({
    target: `${minority.join('+')} | ${majority.join('+')}`,
    pairs: minority.flatMap((one) => majority.flatMap((other) => bothWays(one, other))),
    rule: cut,
  });
});

export const slowLinks: Nemesis = ruled('slow links', [1000, 4000], ({ cluster, randomness }) => {
  const delayMs = Math.round(randomness.between(20, 200));
  const ids = cluster.nodes.map((node) => node.nodeId);
  return Promise.resolve({
    target: `all, ${String(delayMs)} ms`,
    pairs: ids.flatMap((from) => ids.filter((to) => to !== from).map((to): Pair => [from, to])),
    rule: { delayMs },
  });
});
