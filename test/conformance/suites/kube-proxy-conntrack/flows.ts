/** Flows of the recordings in our words, and back. */
import type { ConntrackFlow, FlowTuple } from '../../../../controllers/kube-proxy/index.ts';
import { addressOf, formatAddress, PROTOCOL_NUMBERS, type Protocol } from '../../../../src/model/index.ts';
import type { RecordedFlow } from './recording.ts';

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

function tupleOf({ srcIP, srcPort, dstIP, dstPort }: RecordedFlow['original']): FlowTuple {
  return {
    source: srcIP === '' ? undefined : addressOf(srcIP),
    sourcePort: srcPort,
    destination: dstIP === '' ? undefined : addressOf(dstIP),
    destinationPort: dstPort,
  };
}

export function flowOf({ protocol, original, reply }: RecordedFlow): ConntrackFlow {
  return { protocol: PROTOCOL_NUMBERS[protocol], original: tupleOf(original), reply: tupleOf(reply) };
}

function recordedTuple({ source, sourcePort, destination, destinationPort }: FlowTuple): RecordedFlow['original'] {
  return {
    srcIP: source === undefined ? '' : formatAddress(source),
    srcPort: sourcePort,
    dstIP: destination === undefined ? '' : formatAddress(destination),
    dstPort: destinationPort,
  };
}

export function recordedFlow({ protocol, original, reply }: ConntrackFlow): RecordedFlow {
  const name = PROTOCOLS.find((candidate) => PROTOCOL_NUMBERS[candidate] === protocol);
  if (name === undefined) throw new Error(`a flow over protocol ${protocol}`);
  return { protocol: name, original: recordedTuple(original), reply: recordedTuple(reply) };
}
