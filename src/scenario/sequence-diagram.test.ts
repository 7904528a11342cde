import { expect, test } from 'vitest';
import type { SendResult } from '../emulator/index.ts';
import {
  ACK,
  addressOf,
  type DnsMessage,
  type Packet,
  SYN,
  TCP,
  type Trace,
  type TraceStep,
  UDP,
  type Verdict,
} from '../model/index.ts';
import { SequenceDiagram } from './sequence-diagram.ts';

const APP = 'pod/default/my-app';
const API = 'pod/default/my-api-1';
const DNS = 'pod/kube-system/coredns-1';
const NODE = 'node/node2';

function packet(from: string, to: string, change: Partial<Packet> = {}): Packet {
  const [source = '', sourcePort] = from.split(':');
  const [destination = '', destinationPort] = to.split(':');
  const tuple = {
    source: addressOf(source),
    sourcePort: Number(sourcePort),
    destination: addressOf(destination),
    destinationPort: Number(destinationPort),
  };
  return { protocol: TCP, flags: 0, ttl: 64, ...tuple, ...change };
}

function trace(from: string, sent: Packet, verdict: Verdict, seen = sent, steps: readonly TraceStep[] = []): Trace {
  return { sent, seen, verdict, steps: [{ step: 'send', host: from, packet: sent }, ...steps] };
}

const jump = (chain: string): TraceStep => ({
  step: 'rule',
  host: NODE,
  table: 'nat',
  chain,
  rule: '-A',
  effect: 'jump',
});
const translate = (by: 'DNAT' | 'conntrack', before: Packet, after: Packet): TraceStep => ({
  step: 'translate',
  host: NODE,
  by,
  before,
  packet: after,
});
const delivered = (host: string): Verdict => ({ verdict: 'delivered', host, reason: 'listening' });

function there(to: string, service: Packet, pod: Packet): Trace {
  return trace(APP, service, delivered(to), pod, [
    jump('KUBE-SERVICES'),
    jump('KUBE-SVC-X'),
    jump('KUBE-SEP-Y'),
    translate('DNAT', service, pod),
  ]);
}
const back = (from: string, before: Packet, after: Packet) =>
  trace(from, before, delivered(APP), after, [translate('conntrack', before, after)]);

const question = { name: 'my-api.default.svc.cluster.local.', type: 'A' };
const query: DnsMessage = {
  id: 1,
  response: false,
  question,
  rcode: 'NOERROR',
  authoritative: false,
  truncated: false,
  answers: [],
  authorities: [],
  additionals: [],
};
const response: DnsMessage = {
  ...query,
  response: true,
  answers: [{ name: question.name, type: 'A', ttl: 30, data: '10.96.0.50' }],
};
const dns = (message: DnsMessage): Partial<Packet> => ({ protocol: UDP, payload: { kind: 'dns', message } });

const CALL: SendResult = {
  resolve: {
    resolvConf: '',
    rcode: 'NOERROR',
    tookMs: 0,
    addresses: ['10.96.0.50'],
    exchanges: [
      {
        query,
        response,
        request: there(
          DNS,
          packet('10.244.1.10:40000', '10.96.0.10:53', dns(query)),
          packet('10.244.1.10:40000', '10.244.0.12:53', dns(query)),
        ),
        reply: back(
          DNS,
          packet('10.244.0.12:53', '10.244.1.10:40000', dns(response)),
          packet('10.96.0.10:53', '10.244.1.10:40000', dns(response)),
        ),
      },
    ],
  },
  traces: [
    there(
      API,
      packet('10.244.1.10:40001', '10.96.0.50:80', { flags: SYN }),
      packet('10.244.1.10:40001', '10.244.1.20:8080', { flags: SYN }),
    ),
    back(
      API,
      packet('10.244.1.20:8080', '10.244.1.10:40001', { flags: SYN | ACK }),
      packet('10.96.0.50:80', '10.244.1.10:40001', { flags: SYN | ACK }),
    ),
  ],
  outcome: 'connected',
};

test('the way of a call: name, ClusterIP, pod, and back', () => {
  const diagram = new SequenceDiagram('my-app calls my-api');
  diagram.addSend(CALL);
  expect(diagram.text()).toBe(`---
title: "my-app calls my-api"
---
sequenceDiagram
    participant P1 as my-app Pod<br/>10.244.1.10
    participant P2 as kube-proxy on node2<br/>(iptables)
    participant P3 as coredns-1 Pod<br/>10.244.0.12
    participant P4 as my-api-1 Pod<br/>10.244.1.20
    P1->>P2: DNS query A my-api.default.svc.cluster.local. to 10.96.0.10:53
    Note over P2: KUBE-SERVICES → KUBE-SVC-X → KUBE-SEP-Y
    P2->>P3: DNAT destination 10.96.0.10:53 → 10.244.0.12:53
    P3-->>P1: DNS answer A 10.96.0.50
    P1->>P2: TCP SYN to 10.96.0.50:80
    Note over P2: KUBE-SERVICES → KUBE-SVC-X → KUBE-SEP-Y
    P2->>P4: DNAT destination 10.96.0.50:80 → 10.244.1.20:8080
    P4-->>P1: TCP SYN ACK
    Note over P1: connected`);
});

test('a refusal ends where it is made, and no text ends a line early', () => {
  const diagram = new SequenceDiagram('t');
  const sent = packet('10.244.1.10:40001', '10.96.0.50:80', { flags: SYN });
  diagram.addRequest(
    trace(APP, sent, {
      verdict: 'rejected',
      host: NODE,
      with: 'icmp-port-unreachable',
      reason: 'no endpoints; rule #1',
    }),
  );
  expect(diagram.text().split('\n').slice(-2)).toEqual([
    '    P1-xP2: TCP SYN to 10.96.0.50:80',
    '    Note over P2: rejected with icmp-port-unreachable: no endpoints#59; rule #35;1',
  ]);
});
