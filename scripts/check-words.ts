/**
 * Code, tests and documents are read by people who know the literature of etcd, Raft and ZooKeeper. Words that
 * were replaced by the standard ones (the glossary of CONTRIBUTING.md) do not come back.
 *
 * WORDS-1: a retired word stands nowhere but where the list below says why it may.
 *
 * Prints each place with the word to use, and ends with status 1.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Retired {
  /** What is not written any more. */
  readonly word: RegExp;
  readonly use: string;
  /** Lines in which it stands for something else, and why. */
  readonly but?: readonly (readonly [line: RegExp, why: string])[];
}

const title: readonly [RegExp, string] = [
  /Raft paper, figure \d|\(figure \d+ of the Raft paper\)/,
  'a figure of the paper',
];

const inRealLife: readonly [RegExp, string] = [
  /isSignOfLife|[sS]ignOfLife|livesAlready/,
  'what tells that a client is there',
];
const inLeaseFile: readonly [RegExp, string] = [
  /[`']founders[`']|readonly founders:/,
  'a row in the files of lease nodes',
];
/** A command, a field or a code that stands in logs and snapshots keeps its name. */
const logged: readonly [RegExp, string] = [
  /['"`](?:wait_|auth_)?(?:abandon|withdraw)(?:ed)?['"`]|wait_abandoned|\babandon: |auth_withdraw|\bwithdraw\b(?=[:,;)} =?]| \}| &&)|command\.withdraw|\babandoned +\||, abandoned\b|const withdraw\b/,
  'in the log',
];

export const retired: readonly Retired[] = [
  {
    word: /\b(?:pure|api) rooms?\b|\brooms\b/i,
    use: 'package',
    but: [[/check-packages/, 'a file']],
  },
  { word: /\bchances?\b/i, use: 'randomness, probability or at random' },
  { word: /[a-z]Chances?\b/, use: 'randomness or probability' },
  { word: /\bcircles?\b|[a-z]Circles?\b/i, use: 'cycle or deadlock' },
  { word: /\bladen\b/i, use: 'at capacity' },
  { word: /\bansweredBelow\b/, use: 'ackedBelow' },
  { word: /\bheardFrom\b/, use: 'touch' },
  {
    word: /\bcarr(?:y|ies|ied|ying)Out\b|\bcarr(?:y|ies|ied|ying) (?:\w+ ){0,4}out\b/i,
    use: 'execute',
  },
  {
    word: /\bgets? (?:the|a|its) first answer\b|\bfirst answers? (?:in the state|of a request|changes?)\b|\b(?:stored|remembered) first answers?\b/i,
    use: 'idempotent response',
  },
  {
    word: /\bg(?:ive|ives|ave|iven|iving) up\b|[a-z]G(?:ive|ives|ave|iven|iving)Up/,
    use: 'cancel, step down or time out',
  },
  { word: /\bst(?:and|ands|ood|anding) still\b/i, use: 'paused' },
  {
    word: /\bOwnSession\b|\bownSession(?:Id|Of)\b|\b(?:[Aa]n?|[Tt]he) own sessions?\b|\bown sessions\b/,
    use: 'implicit session',
  },
  {
    word: /\b(?:wait|stand|stood)(?:s|ing)? in line\b|\bin the line of\b|\bisInLine\b|\bthere is (?:no|a) line\b/i,
    use: 'wait queue',
  },
  { word: /\bmeetings?\b/i, use: 'barrier or round' },
  { word: /\bthe house\b/i, use: 'architecture or project' },
  { word: /\bcrowds\b|\bdoors\b/i, use: 'contention or listener' },
  { word: /\b(?:the|a) lead (?:is|was|are|given|granted)\b/i, use: 'leadership' },
  { word: /\bwithdrawals?\b/i, use: 'cancellation' },
  {
    word: /\b[fF]igures?(?:\b|[A-Z])|[a-z]Figures?\b/,
    use: 'statistics, metric or measurement',
    but: [title],
  },
  {
    word: /\b(?:pool|this)\.opening\b|\bhold\.ending\b|\| Opening\b/,
    use: 'LockDelayEnd or MaxHoldExpiry',
  },
  { word: /\bTogether\b(?=[;,}:)])/, use: 'multi-acquire' },
  {
    word: /\b(?:whole|simulated|many|long) (?:life|lives)\b|\b(?:life|lives) of (?:whole )?clusters?\b/i,
    use: 'run',
  },
  { word: /[a-z](?:Founders?|Pictures?|Crowds?|Meetings)\b/, use: 'the word of the glossary' },
  { word: /[a-z](?:Life|Lives)\b|\bLife(?:Kind|Result)\b/, use: 'run', but: [inRealLife] },
  { word: /\bfounders?\b/i, use: 'bootstrap set', but: [inLeaseFile] },
  {
    word: /\b(?:a|the) raise\b|\bholds? (?:is|are|was|that is) (?:raised|lowered)\b|hold_lowered|\b(?:rais|lower)(?:e|es|ing|s)? (?:a|an|the|its|her|his) (?:exclusive |shared )?(?:hold|lock)\b/i,
    use: 'upgrade or downgrade',
    but: [[/the raise(?: is|\.| to)|A raise is in/, 'of a feature level, or of a fence']],
  },
  { word: /\bstays(?:'\])?: (?:true|false|boolean)|"stays"|\.stays\b/, use: 'persistent' },
  { word: /\bg(?:ive|iven|ave|iving)(?:_u|U|-u)p/, use: 'cancel' },
  { word: /\babandon/i, use: 'cancel', but: [logged] },
  { word: /[a-z](?:Abandon|Withdraw)/, use: 'cancel or revoke' },
  { word: /\bgoodbye\b|\bsays? farewell\b/i, use: 'closing handshake' },
  { word: /\bline: NodeLink\b/, use: 'link' },
  { word: /\bPatience\b|#assertPatient\b/, use: 'deadline or bounds of a call' },
  { word: /\bwithdr[ae]w/i, use: 'cancel or revoke', but: [logged] },
  { word: /'aborted'|`aborted`|"aborted"/, use: 'cancelled' },
  { word: /\bways? back\b/i, use: 'recovery, redrive or downgrade' },
  { word: /\bpictures?\b/i, use: 'snapshot, image or screenshot' },
  { word: /\bnew Refused\b|\bRestoreRefused\b|instanceof Refused\b/, use: 'RequestError' },
];

/** What is looked at: source, tests, scripts and documents that are written by hand. */
const written = /^(?:packages|scripts|docs|config|proto)\/|^[A-Z]+\.md$|^Makefile$/;
/** Texts of stored answers are a part of the replicated state: they keep their wording (api/src/refusal-texts.ts). */
const storedTexts =
  /^packages\/state\/src\/(?:kernel\/refusals|kernel\/sessions\/making|primitives\/\w+\/(?:refusals|barriers))\.ts$|^packages\/api\/test\/unit\/refusal-texts\.test\.ts$/;
/** Written by machines, or of another time. */
const other =
  /\/generated\/|results\.json$|openapi\.json$|^docs\/(?:errors|cli|metrics)\.md$|^docs\/decisions\/|\.(?:png|pem|bin|snapshot|svg|gz)$|\/(?:check-words|words\.test)\.ts$/;

/** The retired words of a text, as sentences. */
export function retiredWords(path: string, text: string): string[] {
  const found: string[] = [];
  for (const [at, line] of text.split('\n').entries())
    for (const { word, use, but = [] } of retired) {
      const match = word.exec(line);
      if (match === null || but.some(([known]) => known.test(line))) continue;
      found.push(`${path}:${String(at + 1)}: "${match[0]}": write ${use}`);
    }
  return found;
}

if (import.meta.main) {
  const paths = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0');
  const found = paths
    .filter((path) => written.test(path) && !other.test(path) && !storedTexts.test(path))
    .flatMap((path) => retiredWords(path, readFileSync(path, 'utf8')));
  for (const sentence of found) console.error(sentence);
  if (found.length > 0) process.exitCode = 1;
}
