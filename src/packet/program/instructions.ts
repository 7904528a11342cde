/**
 * What chains are compiled to: tests and actions as integers, one after another, jumps between chains resolved.
 *
 * ```text
 *   test     operation, skip, two operands     goes on where it holds, else `skip` words further
 *   action   operation, its operands
 *
 *   -A KUBE-SEP-X -s 10.244.0.7/32 -j KUBE-MARK-MASQ        ┌ SOURCE  7  10.244.0.7  -1
 *   -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000     │ MARK  0x4000  0x4000
 *   -A KUBE-SEP-X -p tcp -j DNAT --to 10.244.0.7:8080       └ DNAT  10.244.0.7  8080
 * ```
 * Objects that an instruction needs (a question with no operation of its own, another routine, the text of a trace) stand
 * beside the words, by number.
 */

/** Every test has four words, so that a test can be left out or added without a change of the others. */
export const TEST_WORDS = 4;
/** added to a test's operation: it holds where it would not */
export const INVERTED = 128;

/** operand: protocol */
export const PROTOCOL = 0;
/** operands: network, mask; IPv4 only, as DESTINATION */
export const SOURCE = 1;
export const DESTINATION = 2;
/** operands: first and last port */
export const SOURCE_PORT = 3;
export const DESTINATION_PORT = 4;
/** operand: STATE_ bits, any of them; not those of a translated connection */
export const STATE = 5;
/** operands: value, mask */
export const MARKED = 6;
/** operand: threshold in 2^31sts, unsigned; asks the dice */
export const CHANCE = 7;
/** operand: the number of a Question */
export const ASK = 8;

/** operations from here on are actions */
export const FIRST_ACTION = 16;
/** operand: how many words to skip */
export const SKIP = 16;
/** operands: the mark's mask and value: mark = (mark & ~mask) ^ value */
export const MARK = 17;
/** operands: address, port or SAME_PORT */
export const DNAT = 18;
/** operand: the number of an Act: what has no operation of its own */
export const ACT = 19;
/** operand: the number of a Blame; the packet is dropped, or refused */
export const STOP = 20;
export const ACCEPTED = 21;
/** operand: the number of a Routine */
export const CALL = 22;
/** operands: the number of a Dispatch, skips for "nothing here" and for "leave the chain" */
export const DISPATCH = 23;
/** operand: the number of a Note; only where the walk is recorded */
export const NOTE = 24;
/**
 * operands: how many endpoints, the mark's mask and value; then for each endpoint its threshold or ALWAYS, the source that is
 * marked, and DNAT's address and port
 */
export const CHOOSE = 28;
export const ENDPOINT_WORDS = 4;
/** in place of a threshold: the dice are not asked */
export const ALWAYS = -1;
/** ends of a routine: its chain's end, out of the chain that dispatched to it, or nothing found for the packet */
export const END = 25;
export const LEAVE = 26;
export const MISS = 27;

/** what a routine comes to beside the decisions of stops.ts: out of the chain that dispatched to it; nothing for this packet */
export const LEFT = 4;
export const MISSED = 5;

/** in place of a place in the code: there is nothing to run, or it is another on each node */
export const NOWHERE = -1;
export const NODES_DIFFER = -2;
