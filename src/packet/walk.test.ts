import { describe, expect, test } from 'vitest';
import { conntrackList, ipRoute } from '../dataplane/index.ts';
import { ACK, FIN, ICMP, type Packet, RST, SYN, UDP } from '../model/index.ts';
import { send } from './send.ts';
import { deliver, fixedDice, RULES, segment, tuple, twoNodes } from './testing.ts';

const CLIENT = 'pod/default/client';

describe('a Service by its cluster IP', () => {
  test('leads to a pod on another node, and the answer comes from the address asked', () => {
    const nodes = twoNodes();
    const request = deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80'));
    expect(request.verdict).toMatchObject({ verdict: 'delivered', host: 'pod/default/server' });
    expect(tuple(request.seen)).toBe('10.244.1.10:40000 > 10.244.2.20:8080');
    const reply = deliver(nodes, 'pod/default/server', segment('10.244.2.20:8080', '10.244.1.10:40000', SYN | ACK));
    expect(reply.host.name).toBe(CLIENT);
    expect(tuple(reply.seen)).toBe('10.96.0.50:80 > 10.244.1.10:40000');
  });

  test('costs one TTL a node', () => {
    const { seen } = deliver(twoNodes(), CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80'));
    expect(seen.ttl).toBe(62);
  });

  test('asks the nat table for a connection’s first packet only', () => {
    const nodes = twoNodes();
    const tables = (packet: Packet): string[] => {
      const { steps } = deliver(nodes, CLIENT, packet).trace!;
      return steps.flatMap((step) => (step.step === 'hook' && step.host === 'node/node1' ? [step.table] : []));
    };
    expect(tables(segment('10.244.1.10:40000', '10.96.0.50:80'))).toEqual(['nat', 'filter', 'nat']);
    deliver(nodes, 'pod/default/server', segment('10.244.2.20:8080', '10.244.1.10:40000', SYN | ACK));
    expect(tables(segment('10.244.1.10:40000', '10.96.0.50:80', ACK))).toEqual(['filter']);
  });

  test('works from a node itself, rerouted after the translation and masqueraded', () => {
    const { verdict, seen } = deliver(twoNodes(), 'node/node1', segment('10.10.12.4:40000', '10.96.0.50:80'));
    expect(verdict).toMatchObject({ verdict: 'delivered', host: 'pod/default/server' });
    expect(tuple(seen)).toBe('10.10.12.4:40000 > 10.244.2.20:8080');
  });

  test('leads a pod to itself under its node’s address, and the answer back', () => {
    const nodes = twoNodes();
    const { host, seen } = deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.51:80'));
    expect(host.name).toBe(CLIENT);
    expect(tuple(seen)).toBe('10.10.12.4:40000 > 10.244.1.10:8080');
    const reply = deliver(nodes, CLIENT, segment('10.244.1.10:8080', '10.10.12.4:40000', SYN | ACK));
    expect(reply.host.name).toBe(CLIENT);
    expect(tuple(reply.seen)).toBe('10.96.0.51:80 > 10.244.1.10:40000');
  });

  test('is refused without endpoints; the sender hears it', () => {
    const nodes = twoNodes();
    const sent = segment('10.244.1.10:40000', '10.96.0.99:80');
    const { verdict, host, answer } = deliver(nodes, CLIENT, sent);
    expect(verdict).toEqual({
      verdict: 'rejected',
      host: 'node/node1',
      with: 'icmp-port-unreachable',
      reason: 'default/empty has no endpoints',
    });
    const heard = deliver(nodes, host.name, answer!);
    expect(heard.host.name).toBe(CLIENT);
    expect(tuple(heard.seen)).toBe('10.10.12.4:0 > 10.244.1.10:0');
    expect(heard.seen.payload).toMatchObject({ type: 'port-unreachable', about: { destination: sent.destination } });
    expect(conntrackList(nodes.table('node1'), 0)).toBe('');
  });
});

describe('a node port', () => {
  test('leads from outside through the node asked, under that node’s address', () => {
    const nodes = twoNodes();
    const { verdict, seen } = deliver(nodes, 'external/203.0.113.7', segment('203.0.113.7:5000', '10.10.12.4:30080'));
    expect(verdict).toMatchObject({ verdict: 'delivered', host: 'pod/default/server' });
    expect(tuple(seen)).toBe('10.10.12.4:5000 > 10.244.2.20:8080');
    const reply = deliver(nodes, 'pod/default/server', segment('10.244.2.20:8080', '10.10.12.4:5000', SYN | ACK));
    expect(reply.host.name).toBe('external/203.0.113.7');
    expect(tuple(reply.seen)).toBe('10.10.12.4:30080 > 203.0.113.7:5000');
  });

  test('gives a second client with the same source port another one', () => {
    const nodes = twoNodes();
    deliver(nodes, 'external/203.0.113.7', segment('203.0.113.7:5000', '10.10.12.4:30080'));
    const second = deliver(nodes, 'external/203.0.113.8', segment('203.0.113.8:5000', '10.10.12.4:30080'));
    // The dice fall alike, yet a third client does not get the second one's port.
    const third = deliver(nodes, 'external/203.0.113.9', segment('203.0.113.9:5000', '10.10.12.4:30080'));
    expect(third.seen.sourcePort).toBe(second.seen.sourcePort + 1);
    expect(second.seen.sourcePort).not.toBe(5000);
    expect(second.seen.sourcePort).toBeGreaterThanOrEqual(1024);
    const { seen } = second;
    const reply = deliver(
      nodes,
      'pod/default/server',
      segment('10.244.2.20:8080', `10.10.12.4:${seen.sourcePort}`, SYN | ACK),
    );
    expect(tuple(reply.seen)).toBe('10.10.12.4:30080 > 203.0.113.8:5000');
  });

  test('answers on localhost, where the node routes it', () => {
    const { verdict, seen } = deliver(twoNodes(), 'node/node1', segment('127.0.0.1:40000', '127.0.0.1:30080'));
    expect(verdict).toMatchObject({ verdict: 'delivered', host: 'pod/default/server' });
    expect(tuple(seen)).toBe('10.10.12.4:40000 > 10.244.2.20:8080');
  });
});

describe('connection tracking', () => {
  test('changes nothing before the walk is committed', () => {
    const { world, table } = twoNodes();
    const packet = segment('10.244.1.10:40000', '10.96.0.50:80');
    send(world.host(CLIENT)!, packet, { at: 0, dice: fixedDice(0) });
    expect(table('node1').size + table('node2').size).toBe(0);
  });

  test('lists what conntrack -L lists, and lets it expire', () => {
    const nodes = twoNodes();
    deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80'));
    expect(conntrackList(nodes.table('node1'), 1500)).toBe(
      'tcp      6 118 SYN_SENT src=10.244.1.10 dst=10.96.0.50 sport=40000 dport=80 ' +
        '[UNREPLIED] src=10.244.2.20 dst=10.244.1.10 sport=8080 dport=40000 mark=0 use=1\n',
    );
    deliver(nodes, 'pod/default/server', segment('10.244.2.20:8080', '10.244.1.10:40000', SYN | ACK), 2000);
    deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80', ACK), 2000);
    expect(conntrackList(nodes.table('node1'), 2001)).toBe(
      'tcp      6 431999 ESTABLISHED src=10.244.1.10 dst=10.96.0.50 sport=40000 dport=80 ' +
        'src=10.244.2.20 dst=10.244.1.10 sport=8080 dport=40000 [ASSURED] mark=0 use=1\n',
    );
    expect(conntrackList(nodes.table('node1'), 2000 + 432_000_000)).toBe('');
  });

  test('forgets a connection that is answered by a reset only', () => {
    const nodes = twoNodes();
    deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80'));
    const reset = deliver(nodes, 'pod/default/server', segment('10.244.2.20:8080', '10.244.1.10:40000', RST | ACK));
    expect(tuple(reset.seen)).toBe('10.96.0.50:80 > 10.244.1.10:40000');
    expect(nodes.table('node1').size + nodes.table('node2').size).toBe(0);
  });

  test('drops a SYN-ACK that nobody asked for as INVALID', () => {
    const packet = segment('10.244.1.10:80', '10.244.2.20:9999', SYN | ACK);
    expect(deliver(twoNodes(), CLIENT, packet).verdict).toMatchObject({ verdict: 'dropped', reason: 'invalid' });
  });

  test('picks up a connection in the middle as NEW, as nf_conntrack_tcp_loose does', () => {
    const nodes = twoNodes();
    expect(deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80', ACK)).host.name).toBe(
      'pod/default/server',
    );
    expect(conntrackList(nodes.table('node1'), 0)).toMatch(/^tcp {6}6 300 ESTABLISHED .*\[UNREPLIED\]/);
  });

  test('opens anew what the server closed first, with another endpoint for all it knows', () => {
    const nodes = twoNodes();
    const out = (flags: number) => deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80', flags));
    const back = (flags: number) =>
      deliver(nodes, 'pod/default/server', segment('10.244.2.20:8080', '10.244.1.10:40000', flags));
    out(SYN);
    back(SYN | ACK);
    out(ACK);
    back(FIN | ACK);
    out(FIN | ACK);
    back(ACK);
    expect(conntrackList(nodes.table('node1'), 0)).toContain('TIME_WAIT');
    const { steps } = out(SYN).trace!;
    expect(steps).toContainEqual(expect.objectContaining({ step: 'conntrack', host: 'node/node1', state: 'NEW' }));
    expect(conntrackList(nodes.table('node1'), 0)).toContain('SYN_SENT');
  });

  test('keeps a UDP exchange for a stream’s time once it has lasted two seconds', () => {
    const nodes = twoNodes();
    const out = { ...segment('10.244.1.10:40000', '10.244.2.20:53', 0), protocol: UDP } as const;
    const back = { ...segment('10.244.2.20:53', '10.244.1.10:40000', 0), protocol: UDP } as const;
    deliver(nodes, CLIENT, out, 0);
    expect(conntrackList(nodes.table('node1'), 0)).toMatch(/^udp {6}17 30 src=.*\[UNREPLIED\]/);
    deliver(nodes, 'pod/default/server', back, 100);
    deliver(nodes, CLIENT, out, 3000);
    expect(conntrackList(nodes.table('node1'), 3000)).toMatch(/^udp {6}17 120 src=.*\[ASSURED\]/);
  });

  test('translates an ICMP error back to what its sender sent', () => {
    const nodes = twoNodes();
    const sent = deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.96.0.50:80'));
    const { protocol, source, sourcePort, destination, destinationPort } = sent.seen;
    const about = { protocol, source, sourcePort, destination, destinationPort };
    const error: Packet = {
      protocol: ICMP,
      source: destination,
      sourcePort: 0,
      destination: source,
      destinationPort: 0,
      flags: 0,
      ttl: 64,
      payload: { kind: 'icmp-error', type: 'port-unreachable', about },
    };
    const heard = deliver(nodes, 'pod/default/server', error);
    expect(heard.host.name).toBe(CLIENT);
    expect(tuple(heard.seen)).toBe('10.96.0.50:0 > 10.244.1.10:0');
    const payload = heard.seen.payload;
    expect(payload?.kind === 'icmp-error' && tuple({ ...error, ...payload.about })).toBe(
      '10.244.1.10:40000 > 10.96.0.50:80',
    );
    expect(heard.trace!.steps).toContainEqual(expect.objectContaining({ step: 'conntrack', state: 'RELATED' }));
  });

  test('drops an ICMP error that goes to somebody else than the packet’s sender', () => {
    const nodes = twoNodes();
    deliver(nodes, CLIENT, segment('10.244.1.10:40000', '10.244.2.20:8080'));
    const { protocol, source, sourcePort, destination, destinationPort } = segment(
      '10.244.1.10:40000',
      '10.244.2.20:8080',
    );
    const about = { protocol, source, sourcePort, destination, destinationPort };
    const error: Packet = {
      ...segment('10.244.2.20:0', '10.244.1.11:0', 0),
      protocol: ICMP,
      payload: { kind: 'icmp-error', type: 'port-unreachable', about },
    };
    expect(deliver(nodes, 'pod/default/server', error).verdict).toMatchObject({
      verdict: 'dropped',
      reason: 'invalid',
    });
  });
});

describe('routing', () => {
  test('ends a packet whose TTL runs out, and says so to its sender', () => {
    const nodes = twoNodes();
    const { verdict, host, answer } = deliver(nodes, CLIENT, {
      ...segment('10.244.1.10:40000', '10.244.2.20:8080'),
      ttl: 2,
    });
    expect(verdict).toMatchObject({ verdict: 'rejected', host: 'node/node2', with: 'icmp-time-exceeded' });
    const heard = deliver(nodes, host.name, answer!);
    expect(heard.host.name).toBe(CLIENT);
    expect(tuple(heard.seen)).toBe('10.10.12.5:0 > 10.244.1.10:0');
    expect(heard.seen.payload).toMatchObject({ type: 'time-exceeded' });
  });

  test('lets an error about a translated packet come from the address asked', () => {
    const nodes = twoNodes();
    const { host, answer } = deliver(nodes, CLIENT, { ...segment('10.244.1.10:40000', '10.96.0.50:80'), ttl: 2 });
    expect(tuple(answer!)).toBe('10.10.12.5:0 > 10.244.1.10:0');
    expect(tuple(deliver(nodes, host.name, answer!).seen)).toBe('10.96.0.50:0 > 10.244.1.10:0');
  });

  test('answers for itself where it refuses what was for itself', () => {
    const rules = RULES.replace(
      '-A INPUT',
      '-A INPUT -p tcp -m tcp --dport 22 -j REJECT --reject-with tcp-reset\n-A INPUT',
    );
    const { verdict, answer } = deliver(twoNodes(rules), CLIENT, segment('10.244.1.10:40000', '10.10.12.4:22'));
    expect(verdict).toMatchObject({ verdict: 'rejected', host: 'node/node1', with: 'tcp-reset' });
    expect(tuple(answer!)).toBe('10.10.12.4:22 > 10.244.1.10:40000');
    expect(answer!.flags).toBe(RST | ACK);
  });

  test.each([
    ['external/203.0.113.7', '203.0.113.7:1', '10.244.2.20:8080', 'no route: overlay pod address from outside'],
    [CLIENT, '10.244.1.10:1', '10.244.2.99:8080', 'no route: no pod has that address'],
    [CLIENT, '10.244.1.10:1', '10.96.0.200:80', 'no route: a Service address is not routed in the VNet'],
    [CLIENT, '10.244.1.10:1', '10.10.12.77:80', 'no route: nobody has 10.10.12.77'],
  ])('from %s (%s) to %s ends unroutable', (from, source, destination, reason) => {
    expect(deliver(twoNodes(), from, segment(source, destination)).verdict).toMatchObject({
      verdict: 'unroutable',
      reason,
    });
  });

  test('keeps pods of one node on that node', () => {
    const { trace, host } = deliver(twoNodes(), CLIENT, segment('10.244.1.10:40000', '10.244.1.11:80'));
    expect(host.name).toBe('pod/default/neighbour');
    const crossed = trace!.steps.flatMap((step) => (step.step === 'forward' ? [`${step.to} over ${step.over}`] : []));
    expect(crossed).toEqual(['node/node1 over veth', 'pod/default/neighbour over veth']);
  });

  test('lists a node’s and a pod’s routes as ip route does', () => {
    const { world } = twoNodes();
    expect(ipRoute(world.host('node/node1')!.routes())).toBe(
      'default via 10.10.12.1 dev eth0 proto dhcp src 10.10.12.4 metric 100\n' +
        '10.10.12.0/24 dev eth0 proto kernel scope link src 10.10.12.4 metric 100\n' +
        '10.10.12.1 dev eth0 proto dhcp scope link src 10.10.12.4 metric 100\n' +
        '10.244.1.10 dev azv10244110000 proto static\n' +
        '10.244.1.11 dev azv10244111000 proto static\n' +
        '168.63.129.16 via 10.10.12.1 dev eth0 proto dhcp src 10.10.12.4 metric 100\n' +
        '169.254.169.254 via 10.10.12.1 dev eth0 proto dhcp src 10.10.12.4 metric 100\n',
    );
    expect(ipRoute(world.host(CLIENT)!.routes())).toBe(
      'default via 169.254.1.1 dev eth0 proto static\n169.254.1.1 dev eth0 proto static scope link\n',
    );
  });
});
