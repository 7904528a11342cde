/** Compares an answer with a recorded one: placeholders match any value of their shape, captures the value captured. */

type Fields = Readonly<Record<string, unknown>>;

interface Recorded {
  readonly status: number;
  readonly headers?: Fields;
  readonly body?: unknown;
  readonly view?: unknown;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

const SHAPES: Readonly<Record<string, RegExp>> = {
  uid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  resourceVersion: /^\d+$/,
  creationTimestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  deletionTimestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  clusterIP: /^10\.96\.\d+\.\d+$/,
  nodePort: /^3[0-2]\d{3}$/,
  healthCheckNodePort: /^3[0-2]\d{3}$/,
  rand: /^[a-z0-9]{5}$/,
};

/** Fields that only servers of several clients have; the emulator keeps none. */
const LEFT_OUT = new Set(['managedFields']);

/** The first difference, as `place: expected ..., got ...`; undefined where the answer is the recorded one. */
export function difference(
  recorded: Recorded,
  answer: Answer,
  captured: ReadonlyMap<string, unknown>,
): string | undefined {
  if (recorded.status !== answer.status)
    return `status: expected ${recorded.status}, got ${answer.status} ${JSON.stringify(answer.body)}`;
  const body = recorded.view === undefined ? answer.body : kept(answer.body, recorded.body);
  return (
    differsAt('', recorded.body, body, captured) ??
    differsAt('warning', warningsOf(recorded), [...answer.warnings], captured)
  );
}

/** A view keeps what the recorded body shows. */
function kept(value: unknown, shown: unknown): unknown {
  if (!isFields(value) || !isFields(shown)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .filter((name) => name in shown)
      .map((name) => [name, kept(value[name], shown[name])]),
  );
}

function warningsOf({ headers }: Recorded): string[] {
  const header = headers?.['warning'];
  const lines = header === undefined ? [] : Array.isArray(header) ? (header as string[]) : [header as string];
  return lines.map((line) => JSON.parse(line.replace(/^299 - /, '')) as string);
}

function differsAt(
  place: string,
  expected: unknown,
  got: unknown,
  captured: ReadonlyMap<string, unknown>,
): string | undefined {
  if (typeof expected === 'string') return textDiffers(place, expected, got, captured);
  if (Array.isArray(expected)) {
    if (!Array.isArray(got) || got.length !== expected.length) return described(place, expected, got);
    for (const [i, each] of expected.entries()) {
      const found = differsAt(`${place}/${i}`, each, got[i], captured);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isFields(expected)) {
    if (!isFields(got)) return described(place, expected, got);
    for (const name of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      if (LEFT_OUT.has(name) || isEmptyCauseField(name, expected, got)) continue;
      const found = differsAt(`${place}/${name}`, expected[name], got[name], captured);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return Object.is(expected, got) ? undefined : described(place, expected, got);
}

/** A cause without a reason or a field is empty in an outcome and left out of a body. */
function isEmptyCauseField(name: string, expected: Fields, got: Fields): boolean {
  return (name === 'reason' || name === 'field') && !(name in expected) && got[name] === '';
}

function textDiffers(
  place: string,
  expected: string,
  got: unknown,
  captured: ReadonlyMap<string, unknown>,
): string | undefined {
  const capture = /^\$\{(\w+)\}$/.exec(expected);
  if (capture !== null && captured.has(capture[1]!))
    return Object.is(captured.get(capture[1]!), got) ? undefined : described(place, captured.get(capture[1]!), got);
  if (!/<\w+>|\$\{\w+\}/.test(expected)) return expected === got ? undefined : described(place, expected, got);
  const pattern = expected
    .split(/(<\w+>|\$\{\w+\})/)
    .map((part) => patternOf(part, captured))
    .join('');
  return new RegExp(`^${pattern}$`).test(String(got)) ? undefined : described(place, expected, got);
}

function patternOf(part: string, captured: ReadonlyMap<string, unknown>): string {
  const capture = /^\$\{(\w+)\}$/.exec(part);
  if (capture !== null && captured.has(capture[1]!)) return escaped(String(captured.get(capture[1]!)));
  const shape = /^<(\w+)>$/.exec(part);
  const pattern = shape === null ? undefined : SHAPES[shape[1]!];
  return pattern === undefined ? escaped(part) : `(${pattern.source.replace(/^\^|\$$/g, '')})`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function described(place: string, expected: unknown, got: unknown): string {
  return `${place}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
