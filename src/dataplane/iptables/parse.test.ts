import { describe, expect, test } from 'vitest';
import { isParseFailure, parseIptablesSave } from './parse.ts';
import { iptablesSave } from './save.ts';

const TEXT = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT DROP [0:0]
:KUBE-EXT-A - [0:0]
:KUBE-SEP-A - [0:0]
-A PREROUTING -m comment --comment "a \\"quoted\\" word" -j KUBE-EXT-A
-A KUBE-EXT-A ! -s 10.244.0.0/16 -d 10.96.0.62/32 ! -i veth+ -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80:90 -j MARK --set-xmark 0x4000/0x4000
-A KUBE-EXT-A -d 127.0.0.0/8 -p udp -m udp ! --sport 53 --dport 30081 -m nfacct --nfacct-name  localhost_nps_accepted_pkts -j KUBE-SEP-A
-A KUBE-EXT-A -m addrtype ! --dst-type LOCAL -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-EXT-A -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-EXT-A -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-A
-A KUBE-EXT-A -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-A --mask 255.255.255.255 --rsource -j KUBE-SEP-A
-A KUBE-EXT-A -m comment --comment "no target"
-A KUBE-EXT-A -p sctp -j REJECT --reject-with icmp-port-unreachable
-A KUBE-EXT-A -j MASQUERADE --random-fully
-A KUBE-EXT-A -j SNAT --to-source 10.10.12.4
-A KUBE-SEP-A -p tcp -m recent --set --name KUBE-SEP-A --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.0.20:8080
COMMIT
`;

describe('a ruleset read from iptables-save', () => {
  test('prints as it was read', () => {
    const ruleset = parseIptablesSave(TEXT);
    expect(isParseFailure(ruleset) ? ruleset : iptablesSave(ruleset)).toBe(TEXT);
  });

  test('reads IPv6, and what people write by hand', () => {
    const text = `*filter
:INPUT ACCEPT
[3:180] -A INPUT -m tcp -p tcp --destination fd00::5 --dport 80 -j REJECT
-A INPUT -p ipv6-icmp -j MARK --or-mark 0x4000
-A INPUT -j MARK --and-mark 0xff
COMMIT
`;
    const ruleset = parseIptablesSave(text, 6);
    expect(isParseFailure(ruleset) ? ruleset : iptablesSave(ruleset)).toBe(`*filter
:INPUT ACCEPT [0:0]
-A INPUT -d fd00::5/128 -p tcp -m tcp --dport 80 -j REJECT --reject-with icmp6-port-unreachable
-A INPUT -p ipv6-icmp -j MARK --set-xmark 0x4000/0x4000
-A INPUT -j MARK --set-xmark 0x0/0xffffff00
COMMIT
`);
  });

  test.each([
    ['-A INPUT -m string --string x -j DROP', 'unknown match string'],
    ['-A INPUT --tcp-flags SYN SYN -j DROP', 'unknown option --tcp-flags'],
    ['-A INPUT -j LOG', 'unknown target LOG'],
    ['-A NOWHERE -j DROP', 'unknown chain NOWHERE'],
    ['-A INPUT -p gre', 'unknown protocol gre'],
    ['-A INPUT -s 10.0.0.256 -j DROP', '-s 10.0.0.256 is not an address'],
    ['-A INPUT -p tcp --dport 70000', '70000 is not a port'],
    ['-A INPUT --dport 80 -j DROP', '--dport without a protocol'],
    ['-A INPUT -m comment --comment "open', 'a quote is not closed'],
    ['-A INPUT -m conntrack --ctstate OLD', 'unknown connection state OLD'],
    ['-A INPUT ! -j DROP', '-j cannot be inverted'],
    ['-A INPUT -j DNAT', '-j DNAT without --to-destination'],
    ['-A INPUT -s', '-s needs a value'],
    ['-I INPUT -j DROP', 'unknown command -I'],
    [':INPUT QUEUE [0:0]', 'unknown policy QUEUE'],
  ])('refuses %s by name and line', (line, message) => {
    const text = `# made by hand\n*filter\n:INPUT ACCEPT [0:0]\n${line}\nCOMMIT\n`;
    expect(parseIptablesSave(text)).toEqual({ line: 4, message });
  });

  test('refuses what stands outside of a table, and tables it does not know', () => {
    expect(parseIptablesSave('-A INPUT -j DROP')).toEqual({ line: 1, message: 'outside of a table' });
    expect(parseIptablesSave('*security')).toEqual({ line: 1, message: 'unknown table security' });
  });
});
