/** `orrery reach FILE`: runs a script, then has everybody dial everybody else. */
import { ADDRESS_MODELS, type AddressModel, addressModelOf } from '../model/index.ts';
import {
  dial,
  type Participant,
  POD_SUBNET,
  participantsOf,
  type ReachCell,
  type ReachColumn,
  type ReachTable,
  reach,
  reachComparison,
  replay,
  replayUntil,
  type Scenario,
  suggestion,
  withAddressModel,
} from '../scenario/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { readScript, type ScriptFlags } from './script-file.ts';

export const REACH_FORMATS = ['text', 'markdown', 'json'] as const;

export interface ReachFlags extends ScriptFlags {
  readonly format: (typeof REACH_FORMATS)[number];
  readonly model: readonly string[];
  readonly at: readonly number[];
}

interface ModelTable extends ReachTable {
  readonly model: string;
}

export function reachCommand(
  file: string,
  pair: { readonly from: string | undefined; readonly to: string | undefined },
  flags: ReachFlags,
  console: Console,
): ExitCode {
  const scenario = readScript(file, flags, console);
  const write = (line: string) => console.stdout(`${line}\n`);
  if (pair.from !== undefined && pair.to !== undefined) {
    const moments = flags.at.length === 0 ? [undefined] : flags.at;
    const cells = moments.map((at) => ({ at, cell: dialAt(scenario, pair.from!, pair.to!, at) }));
    if (flags.format === 'json') write(JSON.stringify(cells.map(({ at, cell }) => ({ atMs: at, ...cell }))));
    else for (const { at, cell } of cells) write(`${at === undefined ? '' : `at ${at / 1000}s: `}${cellLine(cell)}`);
    return 0;
  }
  const tables = modelsOf(scenario, flags.model).map((each) => tableOf(scenario, each));
  print(tables, flags.format, write);
  return 0;
}

/** The models asked for; the script's own where none is. */
function modelsOf({ settings }: Scenario, names: readonly string[]): readonly (AddressModel | undefined)[] {
  if (names.length === 0) return [undefined];
  const wanted = names.includes('all') ? ADDRESS_MODELS : names;
  const unknown = wanted.find((name) => !ADDRESS_MODELS.includes(name as AddressModel));
  if (unknown !== undefined)
    throw new UsageError(
      `orrery: there is no address model ${unknown}${suggestion(unknown, [...ADDRESS_MODELS, 'all'])}`,
    );
  const subnets = settings.virtualNetwork.subnets.map(({ name }) => name);
  const needsPods = wanted.some((name) => name.startsWith('pod-subnet')) && !subnets.includes(POD_SUBNET);
  if (needsPods && settings.agentPoolProfiles.some(({ podSubnet }) => podSubnet === undefined))
    throw new UsageError(
      `orrery: the Pod Subnet models need a subnet named ${POD_SUBNET}; the script has ${subnets.join(', ')}`,
    );
  return wanted as readonly AddressModel[];
}

function tableOf(scenario: Scenario, model: AddressModel | undefined): ModelTable {
  const settings = model === undefined ? scenario.settings : withAddressModel(scenario.settings, model);
  const { cluster } = replay({ ...scenario, settings });
  const own = addressModelOf(settings.networkProfile, settings.agentPoolProfiles[0]!) ?? 'none';
  return { model: model ?? own, ...reach(cluster, settings) };
}

/** One pair, at the end of the script or at a moment of it. */
function dialAt(scenario: Scenario, from: string, to: string, at: number | undefined): ReachCell {
  const cluster = at === undefined ? replay(scenario).cluster : replayUntil(scenario, at);
  const participants = participantsOf(cluster, scenario.settings);
  const named = (text: string): Participant => {
    const found = participants.find(({ name }) => name === text || name === text.replace(/^pod\//, 'pod/default/'));
    if (found !== undefined) return found;
    const names = participants.map(({ name }) => name);
    throw new UsageError(`orrery: ${text} takes no part${suggestion(text, names)}; who does: ${names.join(', ')}`);
  };
  return dial(cluster, named(from), named(to));
}

function cellLine({ from, to, ...cell }: ReachCell): string {
  return `${from} to ${to}: ${answerOf(cell)}`;
}

function answerOf({ reached, sourceSeen, reason }: Pick<ReachCell, 'reached' | 'sourceSeen' | 'reason'>): string {
  return reached ? `yes, seen as ${sourceSeen}` : `no (${reason})`;
}

function print(tables: readonly ModelTable[], format: ReachFlags['format'], write: (line: string) => void): void {
  switch (format) {
    case 'json':
      write(JSON.stringify(tables));
      return;
    case 'markdown':
      if (tables.length > 1) for (const line of reachComparison(tables.map(columnOf))) write(line);
      else for (const line of markdownOf(tables[0]!)) write(line);
      return;
    case 'text':
      for (const { model, participants, cells } of tables) {
        write(model);
        for (const { name, role, address, port } of participants) write(`  ${name}: ${role}, ${address}, TCP ${port}`);
        for (const cell of cells) write(`    ${cellLine(cell)}`);
      }
      return;
    default:
      throw new Error(`no format is ${String(format satisfies never)}`);
  }
}

const columnOf = ({ model, ...table }: ModelTable): ReachColumn => ({ model, table });

/** A table with a row for each sender and a column for each receiver. */
function markdownOf({ model, participants, cells }: ModelTable): readonly string[] {
  const heads = participants.map(({ name, role }) => `${role} ${name}`);
  const rows = participants.map((from, i) => {
    const answers = participants.map((to) => {
      const cell = cells.find((each) => each.from === from.name && each.to === to.name);
      return cell === undefined ? '' : answerOf(cell);
    });
    return `| ${[heads[i], ...answers].join(' | ')} |`;
  });
  return [
    '',
    `### ${model}`,
    '',
    `| from, to | ${heads.join(' | ')} |`,
    `|${'---|'.repeat(heads.length + 1)}`,
    ...rows,
  ];
}
