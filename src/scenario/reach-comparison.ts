/** Who reaches pods and whom pods reach, in one table with a column for each way of giving pods addresses. */
import type { Participant, ReachCell, ReachTable } from './reach.ts';

export interface ReachColumn {
  readonly model: string;
  readonly table: ReachTable;
}

/** `pod to VM`: the same question whatever the addresses. */
interface Question {
  readonly text: string;
  readonly from: string;
  readonly to: string;
}

/** Each pair of roles in which a pod is one side, by the first participants that have them; pods ask each other across nodes. */
function questionsOf({ participants }: ReachTable): readonly Question[] {
  const [pod, otherPod] = participants.filter(({ role }) => role === 'pod');
  if (pod === undefined) return [];
  const others = participants.filter(({ role }) => role !== 'pod');
  const ask = (from: Participant, to: Participant): Question => ({
    text: `${from.role} to ${to.role}`,
    from: from.name,
    to: to.name,
  });
  const amongPods = otherPod === undefined ? [] : [ask(pod, otherPod)];
  // From the pod that is not on the node asked: the packet has to leave its own node.
  const sender = otherPod ?? pod;
  return [...amongPods, ...others.flatMap((other) => [ask(sender, other), ask(other, sender)])];
}

/** What the receiver saw in place of an address: the sender itself, the sender's node, or the cluster's outbound address. */
export function answerOf(cell: ReachCell | undefined, { participants }: ReachTable): string {
  if (cell === undefined) return '';
  if (!cell.reached) return `no (${cell.reason})`;
  const from = participants.find(({ name }) => name === cell.from);
  const to = participants.find(({ name }) => name === cell.to);
  if (cell.sourceSeen === from?.address) return 'yes, as itself';
  return to?.role === 'internet' ? 'yes, as the outbound address' : 'yes, as its node';
}

/** A Markdown table: questions down, models across. */
export function reachComparison(columns: readonly ReachColumn[]): readonly string[] {
  const [first] = columns;
  if (first === undefined) return [];
  const rows = questionsOf(first.table).map(({ text, from, to }) => {
    const answers = columns.map(({ table }) =>
      answerOf(
        table.cells.find((cell) => cell.from === from && cell.to === to),
        table,
      ),
    );
    return `| ${[text, ...answers].join(' | ')} |`;
  });
  return [
    `| who dials | ${columns.map(({ model }) => model).join(' | ')} |`,
    `|${'---|'.repeat(columns.length + 1)}`,
    ...rows,
  ];
}
