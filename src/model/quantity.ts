/**
 * Resource quantities in their canonical form (k8s.io/apimachinery/pkg/api/resource/quantity.go): `0.5` is `500m`,
 * `1024Ki` is `1Mi`, `1000m` is `1`. A value finer than a nano is rounded up, as there.
 */

const QUANTITY = /^([+-]?)(\d+)?(?:\.(\d*))?(n|u|m|k|Ki|Mi|Gi|Ti|Pi|Ei|M|G|T|P|E|[eE][+-]?\d+)?$/;
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO_EXPONENT = -9;

interface Parsed {
  readonly nanos: bigint;
  readonly format: 'decimal' | 'binary' | 'exponent';
}

function parse(text: string): Parsed | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction);
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  const exponent = /^[eE][+-]?\d+$/.test(suffix) ? Number(suffix.slice(1)) : 0;
  const decimal = DECIMAL_SUFFIXES.indexOf(suffix);
  const scale = (decimal >= 0 ? decimal * 3 + NANO_EXPONENT : exponent) - fraction.length - NANO_EXPONENT;
  const multiplier = binary > 0 ? 1024n ** BigInt(binary) : 1n;
  const scaled = scaleBy(digits * multiplier, scale);
  const format = binary > 0 ? 'binary' : suffix !== '' && decimal < 0 ? 'exponent' : 'decimal';
  return { nanos: sign === '-' ? -scaled : scaled, format };
}

function scaleBy(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  return (value + divisor - 1n) / divisor;
}

interface Quantity {
  readonly nanos: bigint;
  readonly canonical: string;
  /** in thousandths, rounded up */
  readonly milliValue: number;
}

const QUANTITIES_KEPT_MAX = 1000;
/** A cluster's machines have few sizes, and tell of them again and again. */
const quantities = new Map<string, Quantity>();

function read(text: string): Quantity | undefined {
  const known = quantities.get(text);
  if (known !== undefined) return known;
  const parsed = parse(text);
  if (parsed === undefined) return undefined;
  const { nanos } = parsed;
  const quantity = { nanos, canonical: canonicalOf(parsed), milliValue: Number(scaleBy(nanos, -6)) };
  if (quantities.size >= QUANTITIES_KEPT_MAX) quantities.clear();
  quantities.set(text, quantity);
  return quantity;
}

/** The canonical text, or undefined where `text` is no quantity. */
export function canonicalQuantity(text: string): string | undefined {
  return read(text)?.canonical;
}

function canonicalOf({ nanos, format }: Parsed): string {
  if (nanos === 0n) return '0';
  const units = nanos / 10n ** 9n;
  const small = units > -1024n && units < 1024n;
  if (format === 'binary' && !small && nanos % 10n ** 9n === 0n) return binaryText(units);
  return decimalText(nanos, format === 'exponent');
}

function binaryText(units: bigint): string {
  let value = units;
  let power = 0;
  while (value % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    value /= 1024n;
    power++;
  }
  return `${value}${BINARY_SUFFIXES[power]}`;
}

function decimalText(nanos: bigint, exponentForm: boolean): string {
  let value = nanos;
  let step = 0;
  while (value % 1000n === 0n && step < DECIMAL_SUFFIXES.length - 1) {
    value /= 1000n;
    step++;
  }
  const exponent = step * 3 + NANO_EXPONENT;
  if (exponentForm) return exponent === 0 ? `${value}` : `${value}e${exponent}`;
  return `${value}${DECIMAL_SUFFIXES[step]}`;
}

/** Whether `a` is less than, equal to or more than `b`: -1, 0, 1. Both must be quantities. */
export function compareQuantities(a: string, b: string): number {
  const left = read(a);
  const right = read(b);
  if (left === undefined || right === undefined) throw new Error(`not quantities: ${a}, ${b}`);
  return left.nanos < right.nanos ? -1 : left.nanos > right.nanos ? 1 : 0;
}

/** In thousandths, rounded up (`MilliValue`): `1900m` is 1900, `2` is 2000. Undefined where `text` is no quantity. */
export function milliValueOf(text: string): number | undefined {
  return read(text)?.milliValue;
}
