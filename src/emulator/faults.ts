/** Faults in words, for the transcript. */
import type { Fault } from './contract.ts';

export function describeFault(fault: Fault): { readonly fault: string; readonly healed: boolean } {
  switch (fault.fault) {
    case 'lag': {
      const who = fault.node === undefined ? fault.program : `${fault.program} on ${fault.node}`;
      return fault.lagMs === 0
        ? { fault: `${who} keeps up again`, healed: true }
        : { fault: `${who} hears of changes ${fault.lagMs} ms late`, healed: false };
    }
    case 'crash':
      return { fault: `${fault.program} crashes and is down for ${fault.downMs} ms`, healed: false };
    case 'crash-after':
      return { fault: `${fault.program} will crash after ${fault.intents} more writes`, healed: false };
    case 'disconnect':
      return { fault: `${fault.program} loses its watches`, healed: false };
    case 'node-down':
      return {
        fault: `the kubelet of ${fault.node} ${fault.down ? 'stops reporting' : 'reports again'}`,
        healed: !fault.down,
      };
    case 'conntrack-race':
      return { fault: `packets sent at once race through conntrack on ${fault.node}`, healed: !fault.on };
    case 'cloud-throttled':
      return fault.forMs === 0
        ? { fault: 'Azure takes calls again', healed: true }
        : { fault: `Azure refuses calls for ${fault.forMs} ms`, healed: false };
    case 'cloud-fails':
      return fault.times === 0
        ? { fault: 'Azure ends what it begins', healed: true }
        : { fault: `Azure will fail ${fault.times} operations on ${fault.resource ?? 'anything'}`, healed: false };
    case 'sandbox-lost':
      return {
        fault: `the sandbox of ${fault.pod} dies, and its DEL ${fault.del === 'late' ? 'comes late' : 'is skipped'}`,
        healed: false,
      };
    case 'reboot':
      return { fault: `${fault.node} starts anew`, healed: false };
    default:
      throw new Error(`unknown fault ${JSON.stringify(fault satisfies never)}`);
  }
}
