/** nftables: rulesets as data, and as nft's own commands and lists print them. */
export { type CommandContext, commandText, type NftCommand, tableCommands } from './command.ts';
export { datumText } from './datum-text.ts';
export { nftRuleset } from './host-rules.ts';
export { elementKeyText, elementText, nftList } from './list.ts';
export { parseNft } from './parse.ts';
export type {
  NftChain,
  NftDatum,
  NftDestination,
  NftElement,
  NftHook,
  NftHookName,
  NftMember,
  NftOperand,
  NftRule,
  NftSelector,
  NftSet,
  NftStatement,
  NftTable,
  NftType,
  NftVerdict,
} from './ruleset.ts';
export { ruleText as nftRuleText } from './statement-text.ts';
