/** iptables: rulesets as iptables' own tools print them. */
export { fixedText } from './fixed-text.ts';
export { matchText, protocolName, stateNames } from './match-text.ts';
export { isParseFailure, type ParseFailure, parseIptablesSave } from './parse.ts';
export { iptablesSave, ruleText, tableText } from './save.ts';
