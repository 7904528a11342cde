import { expect, test } from 'vitest';
import { readPlan } from './read-plan.ts';
import { reportOn } from './report.ts';
import { planSvg } from './svg.ts';

const TEXT = `
apiVersion: orrery/v1
kind: Plan
metadata: { name: p, title: Nodes & pods <in a /24> }
spec:
  cluster:
    networkProfile: { networkPlugin: azure }
    virtualNetwork: { addressPrefixes: [10.10.0.0/16], subnets: [{ name: aks, addressPrefix: 10.10.12.0/24 }] }
    agentPoolProfiles: [{ name: a, count: 3, maxPods: 30 }]
  growth: [{ nodes: { a: 10 } }]
`;

test('the picture names who has what, marks what runs out, and draws each amount to scale', () => {
  const read = readPlan({ file: 'plan.yaml', text: TEXT });
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('; '));
  const svg = planSvg(reportOn(read.plan));
  expect(svg).toContain('Nodes &amp; pods &lt;in a /24&gt;');
  expect(svg).toContain('subnet aks  10.10.12.0/24  runs out first');
  for (const line of [
    'Azure: 5 used',
    'nodes of a: 8 used',
    'pods of a: 240 reserved: 2 used, 238 idle',
    '3 of 256 free',
  ])
    expect(svg).toContain(`>${line}<`);
  const widths = [
    ...svg.matchAll(/<rect x="[\d.]+" y="\d+" width="([\d.]+)" height="26" fill="#(?:\w+)" fill-opacity/g),
  ];
  const scale = 912 / 256;
  expect(widths.slice(0, 4).map(([, width]) => Number(width))).toEqual(
    [5, 8, 2, 238].map((amount) => Number((amount * scale).toFixed(2))),
  );
});
