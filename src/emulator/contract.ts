/** What the emulator tells of a run, and what can be asked of it. The scenario runner and the command use only this. */

import type { StatusError } from '../apiserver/index.ts';
import type { azure, DnsMessage, Key, Kind, KubernetesObject, Moment, RecordType, Trace } from '../model/index.ts';
import type { Intent } from '../reconcile/index.ts';
import type { Idle } from './open-connection.ts';

/** One thing that happened, in the order it happened. What a transcript is made of. */
export type Happening =
  /** a write made a revision, and watchers are told */
  | {
      readonly what: 'event';
      readonly at: Moment;
      readonly revision: number;
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly kind: Kind;
      readonly key: Key;
      readonly object: KubernetesObject;
      readonly before: KubernetesObject | undefined;
      /** the controller that wrote it, or `user` */
      readonly by: string;
    }
  /** a controller reconciled a key; `because` are the revisions of the events that woke it, empty for a timer or a retry */
  | {
      readonly what: 'reconcile';
      readonly at: Moment;
      readonly controller: string;
      readonly key: Key;
      readonly because: readonly number[];
      readonly intents: readonly Intent[];
    }
  /** an intent or a user's write was refused */
  | {
      readonly what: 'refused';
      readonly at: Moment;
      readonly by: string;
      readonly key: Key;
      readonly status: StatusError;
    }
  | { readonly what: 'fault'; readonly at: Moment; readonly fault: string; readonly healed: boolean }
  /** a log line of a program, or of a pod such as CoreDNS's (`pod/kube-system/coredns-x`) */
  | { readonly what: 'log'; readonly at: Moment; readonly program: string; readonly line: string };

/** `pod/my-app`, `pod/kube-system/coredns-abc`, `node/node1`; senders of packets also `external/203.0.113.7`. */
export type EndpointName = string;

/** A query as a client of the cluster sends it to the cluster's DNS address. */
export interface DnsQueryRequest {
  readonly from: EndpointName;
  readonly query: DnsMessage;
  readonly transport: 'udp' | 'tcp';
  /** the client's own port; the next ephemeral one where it is not given */
  readonly sourcePort?: number;
  /** whom it asks; the cluster's DNS address where it is not given */
  readonly server?: DnsServerAddress;
}

export interface DnsServerAddress {
  readonly address: string;
  readonly port: number;
}

export interface ResolveRequest {
  readonly from: EndpointName;
  readonly name: string;
  readonly type?: RecordType;
  /** whom to ask in place of those that resolv.conf names, without its search list */
  readonly server?: DnsServerAddress;
}

/** One query on the wire: the packet out, what came back, and both traces. */
export interface DnsExchange {
  readonly query: DnsMessage;
  /** of TCP: the packets that opened the connection, with the first query of it */
  readonly handshake?: readonly Trace[];
  /** whether it was sent before the one before it was answered: A and AAAA of one name, from one socket */
  readonly atOnce?: boolean;
  readonly request: Trace;
  readonly response?: DnsMessage;
  readonly reply?: Trace;
}

export interface ResolveResult {
  /** the resolv.conf that was read */
  readonly resolvConf: string;
  readonly exchanges: readonly DnsExchange[];
  /** the last answer; TIMEOUT where none came */
  readonly rcode: DnsMessage['rcode'] | 'TIMEOUT';
  readonly addresses: readonly string[];
  /** virtual time that passed: what the client waited in vain */
  readonly tookMs: number;
  /** the name that was answered, after the search list */
  readonly answeredName?: string;
}

export interface SendRequest {
  readonly from: EndpointName;
  /** `http://my-api/hello`, `tcp://10.96.0.50:80`, `udp://10.96.0.10:53`: what a client would dial */
  readonly to: string;
  /** the client's own port; the next ephemeral one where it is not given */
  readonly sourcePort?: number;
  /** a TCP connection that is used once more after so much silence, but for keep-alives */
  readonly idle?: Idle | undefined;
  /** whether traces are kept; true where it is not given */
  readonly record?: boolean;
}

export interface SendResult {
  /** undefined where `to` is an address already */
  readonly resolve?: ResolveResult;
  /** the first packet (TCP: SYN), its answer (TCP: SYN-ACK), the request and the response, in order, as far as it came */
  readonly traces: readonly Trace[];
  /** what the client's program sees: `connected`, `refused`, `timed out`, `no such host`, `unreachable`, `connection reset` */
  readonly outcome:
    | 'connected'
    | 'refused'
    | 'reset'
    | 'timed-out'
    | 'unreachable'
    | 'name-not-found'
    | 'name-timed-out';
  /** where the first packet ended: `pod/default/my-api-1`, `node/node1` */
  readonly deliveredTo?: string;
  /** the source address and port that the receiver saw */
  readonly sourceSeen?: string;
  /** the source address and port that the sender saw on the answer: must be the address it asked */
  readonly answeredFrom?: string;
  readonly httpStatus?: number;
}

export interface SettleReport {
  readonly at: Moment;
  readonly revision: number;
  readonly reconciles: number;
}

/** What a scenario may do to a running component. */
export type Fault =
  /** a program's informers, or one node's kube-proxy, hear of changes this much later; 0 heals */
  | { readonly fault: 'lag'; readonly program: string; readonly node?: string; readonly lagMs: number }
  /** a program stops, and starts again with empty caches */
  | { readonly fault: 'crash'; readonly program: string; readonly downMs: number }
  /** a program dies after so many more of its intents, between one and the next, and starts again */
  | { readonly fault: 'crash-after'; readonly program: string; readonly intents: number }
  /** a program's watches break and resume where they were */
  | { readonly fault: 'disconnect'; readonly program: string }
  /** a pod's sandbox dies, and its CNI DEL is skipped or crosses the next ADD */
  | { readonly fault: 'sandbox-lost'; readonly pod: Key; readonly del: 'skipped' | 'late' }
  /** a machine starts anew: its sandboxes are gone, and what CNS kept in memory */
  | { readonly fault: 'reboot'; readonly node: string }
  /** a node's kubelet stops reporting, or comes back */
  | { readonly fault: 'node-down'; readonly node: string; readonly down: boolean }
  /**
   * a node handles packets that a process sends at once each on a CPU of its own, and drops the one whose connection is in the
   * table already under another translation, as Linux did before 5.7 (https://github.com/kubernetes/kubernetes/issues/56903)
   */
  | { readonly fault: 'conntrack-race'; readonly node: string; readonly on: boolean }
  /** the resource manager refuses every call with 429 for so long; 0 heals */
  | { readonly fault: 'cloud-throttled'; readonly forMs: number }
  /** so many operations that the resource manager has accepted fail: those of one type of resource, or any */
  | { readonly fault: 'cloud-fails'; readonly resource?: azure.ResourceName; readonly times: number };
