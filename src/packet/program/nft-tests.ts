/** The statements of an nft rule that only ask, as tests. */
import { type NftOperand, type NftSelector, type NftStatement, STATE_DNAT, STATE_SNAT } from '../../dataplane/index.ts';
import type { Flight } from '../flight.ts';
import { hasCt, isAgainst } from '../nftables/matching.ts';
import type { Answered } from './assembler.ts';
import { answered, cidrTest, portTest } from './header-tests.ts';
import { DESTINATION_PORT, MARKED, PROTOCOL, SOURCE_PORT, STATE } from './instructions.ts';
import type { Known } from './known.ts';

type StatementOf<S extends NftStatement['statement']> = Extract<NftStatement, { statement: S }>;
export type Asking = StatementOf<'match' | 'port' | 'ct' | 'mark' | 'fib'>;

/** What a statement asks of a packet of which this much is known; all must hold. */
export function testsOfStatement(statement: Asking, known: Known): readonly Answered[] {
  const inverted = 'inverted' in statement && statement.inverted;
  switch (statement.statement) {
    case 'match':
      return [matchTest(statement, known)];
    case 'port': {
      const { protocol, side, port } = statement;
      return [
        answered({ operation: PROTOCOL, a: protocol, b: 0, inverted: false }, known.protocol),
        portTest(side === 'sport' ? SOURCE_PORT : DESTINATION_PORT, [port, port], inverted, known),
      ];
    }
    case 'ct': {
      const { bits } = statement;
      if ((bits & (STATE_DNAT | STATE_SNAT)) !== 0) return [{ ask: (flight) => hasCt(flight, bits), inverted }];
      return [{ operation: STATE, a: bits, b: 0, inverted }];
    }
    case 'mark':
      return [{ operation: MARKED, a: statement.value | 0, b: statement.mask | 0, inverted }];
    case 'fib': {
      const address = statement.side === 'saddr' ? sourceOf : destinationOf;
      return [{ ask: (flight) => flight.host.isLocal(address(flight)), inverted: false }];
    }
    default:
      return statement satisfies never;
  }
}

function sourceOf({ sourceAddress }: Flight) {
  return sourceAddress;
}

function destinationOf({ destinationAddress }: Flight) {
  return destinationAddress;
}

/** One field against one value is compared as a number; the rest is asked as it is written. */
function matchTest({ selectors, inverted, against }: StatementOf<'match'>, known: Known): Answered {
  const [selector, ...more] = selectors;
  const plain = more.length > 0 || selector === undefined ? undefined : valueTest(selector, against, inverted, known);
  return plain ?? { ask: (flight) => isAgainst(flight, selectors, against), inverted };
}

function valueTest(selector: NftSelector, against: NftOperand, inverted: boolean, known: Known): Answered | undefined {
  if (against.operand !== 'value') return undefined;
  const { value } = against;
  if (selector === 'saddr' || selector === 'daddr') return addressTest(selector, value, inverted, known);
  if (typeof value !== 'number') return undefined;
  switch (selector) {
    case 'l4proto':
      return answered({ operation: PROTOCOL, a: value, b: 0, inverted }, known.protocol);
    case 'sport':
    case 'dport':
      return portTest(selector === 'sport' ? SOURCE_PORT : DESTINATION_PORT, [value, value], inverted, known);
    default:
      return undefined;
  }
}

function addressTest(
  selector: 'saddr' | 'daddr',
  value: Extract<NftOperand, { operand: 'value' }>['value'],
  inverted: boolean,
  known: Known,
): Answered | undefined {
  if (typeof value === 'number') return addressTest(selector, wholeIpv4(value), inverted, known);
  if (typeof value !== 'object') return undefined;
  return cidrTest(value, selector === 'saddr' ? 'source' : 'destination', inverted, known);
}

function wholeIpv4(network: number) {
  return { family: 4, network, prefixLength: 32, mask: 0xffffffff } as const;
}
