/**
 * nft commands: what kube-proxy runs, and a whole ruleset as the commands that would make it (the form in which
 * sigs.k8s.io/knftables dumps a table).
 */
import { familyText } from './datum-text.ts';
import { elementKeyText, elementText, setTypeText } from './list.ts';
import type { NftChain, NftElement, NftRule, NftSet, NftTable } from './ruleset.ts';
import { ruleText } from './statement-text.ts';

export type NftCommand =
  | { readonly verb: 'add'; readonly object: 'table'; readonly comment?: string }
  /** `bare`: without saying where it hangs, as it is added to be deleted */
  | {
      readonly verb: 'add' | 'flush' | 'delete';
      readonly object: 'chain';
      readonly chain: Pick<NftChain, 'name' | 'hook' | 'comment'>;
      readonly bare?: true;
    }
  | {
      readonly verb: 'add' | 'flush' | 'delete';
      readonly object: 'set';
      readonly set: Omit<NftSet, 'elements' | 'find'>;
    }
  | { readonly verb: 'add'; readonly object: 'rule'; readonly chain: string; readonly rule: NftRule }
  | {
      readonly verb: 'add' | 'delete';
      readonly object: 'element';
      readonly set: Pick<NftSet, 'name' | 'type'>;
      readonly element: NftElement;
    };

/** Which table commands are about, and how marks are spelled. */
export interface CommandContext extends Pick<NftTable, 'family' | 'name'> {
  /** digits of a mark; 8 where it is not said */
  readonly markDigits?: number;
}

export function commandText(command: NftCommand, context: CommandContext): string {
  const table = `${familyText(context.family)} ${context.name}`;
  switch (command.object) {
    case 'table':
      return `add table ${table}${optionsText([commentOption(command.comment)])}`;
    case 'chain':
      return `${command.verb} chain ${table} ${command.chain.name}${chainOptions(command)}`;
    case 'set':
      return `${command.verb} ${command.set.kind} ${table} ${command.set.name}${setOptions(command)}`;
    case 'rule':
      return `add rule ${table} ${command.chain} ${ruleCommandText(command.rule, context)}`;
    case 'element': {
      const { verb, set, element } = command;
      const text = verb === 'add' ? elementText(element, set.type) : elementKeyText(element.key, set.type);
      return `${verb} element ${table} ${set.name} { ${text} }`;
    }
    default:
      return command satisfies never;
  }
}

function ruleCommandText(rule: NftRule, { family, markDigits = 8 }: CommandContext): string {
  return ruleText(rule, { family, form: 'command', markDigits });
}

function commentOption(comment: string | undefined): string | undefined {
  return comment === undefined ? undefined : `comment "${comment}"`;
}

/** ` { type ipv4_addr ; comment "…" ; }` */
function optionsText(options: readonly (string | undefined)[]): string {
  const present = options.filter((option) => option !== undefined);
  return present.length === 0 ? '' : ` { ${present.join(' ; ')} ; }`;
}

function chainOptions({ verb, chain, bare }: Extract<NftCommand, { object: 'chain' }>): string {
  if (verb !== 'add' || bare === true) return '';
  const { hook } = chain;
  const place = hook && `type ${hook.type} hook ${hook.hook} priority ${hook.priority}`;
  return optionsText([place, commentOption(chain.comment)]);
}

function setOptions({ verb, set }: Extract<NftCommand, { object: 'set' }>): string {
  if (verb !== 'add') return '';
  return optionsText([
    `type ${setTypeText(set)}`,
    set.flags === undefined ? undefined : `flags ${set.flags.join(',')}`,
    set.timeoutSeconds === undefined ? undefined : `timeout ${set.timeoutSeconds}s`,
    commentOption(set.comment),
  ]);
}

/** The commands that make a table, in an order in which nft takes them. */
export function* tableCommands(table: NftTable): Iterable<NftCommand> {
  const chains = table.chains();
  const sets = table.sets();
  yield { verb: 'add', object: 'table', ...(table.comment === undefined ? {} : { comment: table.comment }) };
  for (const chain of chains) yield { verb: 'add', object: 'chain', chain };
  for (const set of sets) yield { verb: 'add', object: 'set', set };
  for (const chain of chains)
    for (const rule of chain.rules) yield { verb: 'add', object: 'rule', chain: chain.name, rule };
  for (const set of sets) for (const element of set.elements) yield { verb: 'add', object: 'element', set, element };
}
