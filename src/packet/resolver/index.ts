/** resolver: what a pod's C library does to find a name. Pure: it says what to send, and sends nothing. */
export { candidates } from './candidates.ts';
export {
  type AskOutcome,
  beginLookup,
  type LookupRequest,
  type LookupState,
  type LookupStep,
  nextStep,
  type RequestMode,
} from './lookup.ts';
export { type KubeletDns, resolvConfOf } from './pod-resolv-conf.ts';
export { parseResolvConf, type ResolvConf, resolvConfText, settingsOf } from './resolv-conf.ts';
