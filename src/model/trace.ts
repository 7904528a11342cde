/**
 * What happened to one packet, step by step. A trace is a list of steps and one verdict; printers and diagrams read nothing else.
 */
import type { Packet } from './packet.ts';

export type HookName = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter';

/** Connection states as `-m conntrack --ctstate` names them. */
export type ConntrackState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';

export type TraceStep =
  /** a process or an interface hands the packet to a host */
  | { readonly step: 'send' | 'receive'; readonly host: string; readonly interface?: string; readonly packet: Packet }
  /** a table's chains at a hook begin; what follows, until the next hook step, happened in them */
  | {
      readonly step: 'hook';
      readonly host: string;
      readonly hook: HookName;
      readonly table: TableName;
      readonly packet: Packet;
    }
  /** a rule matched; `rule` is its iptables-save text, `effect` what its target did, in a few words */
  | {
      readonly step: 'rule';
      readonly host: string;
      readonly table: TableName;
      readonly chain: string;
      readonly rule: string;
      readonly effect: string;
    }
  /** a base chain ended by its policy */
  | {
      readonly step: 'policy';
      readonly host: string;
      readonly table: TableName;
      readonly chain: string;
      readonly policy: 'ACCEPT' | 'DROP';
    }
  | { readonly step: 'conntrack'; readonly host: string; readonly state: ConntrackState; readonly packet: Packet }
  /** addresses or ports changed, by a rule's target or by conntrack for a later packet of the connection */
  | {
      readonly step: 'translate';
      readonly host: string;
      readonly by: 'DNAT' | 'SNAT' | 'MASQUERADE' | 'conntrack';
      readonly before: Packet;
      readonly packet: Packet;
    }
  | {
      readonly step: 'route';
      readonly host: string;
      readonly route: string;
      readonly interface?: string;
      readonly packet: Packet;
    }
  /** the cloud decided: `rule` by its name in `of` (`NSG aks-nsg inbound`, `load balancer kubernetes`), and what it did */
  | {
      readonly step: 'decision';
      readonly host: string;
      readonly of: string;
      readonly rule: string;
      readonly effect: string;
      readonly packet: Packet;
    }
  /** the packet crosses from one host to another */
  | {
      readonly step: 'forward';
      readonly from: string;
      readonly to: string;
      readonly over: string;
      readonly packet: Packet;
    };

export type Verdict =
  /** `host` is the network namespace that took it: `node/node1` or `pod/default/my-api-1` */
  | { readonly verdict: 'delivered'; readonly host: string; readonly reason: string }
  /** the sender is told: an ICMP error or a TCP reset */
  | { readonly verdict: 'rejected'; readonly host: string; readonly with: string; readonly reason: string }
  /** the sender hears nothing */
  | { readonly verdict: 'dropped'; readonly host: string; readonly reason: string }
  | { readonly verdict: 'unroutable'; readonly host: string; readonly reason: string };

export interface Trace {
  /** the packet as the sender made it */
  readonly sent: Packet;
  /** the packet as it was when it ended: what the receiver sees where it was delivered */
  readonly seen: Packet;
  readonly steps: readonly TraceStep[];
  readonly verdict: Verdict;
}
