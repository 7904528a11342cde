/**
 * The rules of names, labels and numbers, with their texts. Each function returns what is wrong, nothing where all is well.
 * Source: k8s.io/apimachinery/pkg/util/validation/validation.go and pkg/api/validate/content.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const PERCENT = '[0-9]+%';

const LABEL_PATTERN = whole(LABEL);
const SUBDOMAIN_PATTERN = whole(SUBDOMAIN);
const QUALIFIED_PATTERN = whole(QUALIFIED);
const LABEL_VALUE_PATTERN = whole(LABEL_VALUE);
const CONFIG_KEY_PATTERN = whole(CONFIG_KEY);
const PERCENT_PATTERN = whole(PERCENT);
const PRINTABLE_WITHOUT_EQUALS = /^[ -<>-~]+$/;

const LABEL_LENGTH_MAX = 63;
const SUBDOMAIN_LENGTH_MAX = 253;
const PORT_NAME_LENGTH_MAX = 15;

const [HYPHEN, DIGIT_0, DIGIT_9, LOWER_A, LOWER_Z] = [0x2d, 0x30, 0x39, 0x61, 0x7a] as const;

const QUALIFIED_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

type Findings = readonly string[];

const FINE: Findings = [];

function whole(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`);
}

function patternError(rule: string, pattern: string, ...examples: readonly string[]): string {
  const listed = examples.map((example) => `'${example}', `).join(' or ');
  return `${rule} (e.g. ${listed}regex used for validation is '${pattern}')`;
}

function tooLong(most: number, unit = 'characters'): string {
  return `must be no more than ${most} ${unit}`;
}

/** Whether the text is a label as nearly all names are: lower case, digits and hyphens. Read without a pattern, for its speed. */
function isPlainLabel(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > LABEL_LENGTH_MAX) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    const isHyphen = code === HYPHEN && i > 0 && i < length - 1;
    if (!isHyphen && !(code >= LOWER_A && code <= LOWER_Z) && !(code >= DIGIT_0 && code <= DIGIT_9)) return false;
  }
  return true;
}

/** A Service, a port name, a hostname (RFC 1123 label). */
export function labelName(text: string): Findings {
  if (isPlainLabel(text)) return FINE;
  if (text.length <= LABEL_LENGTH_MAX && LABEL_PATTERN.test(text)) return FINE;
  const findings = text.length > LABEL_LENGTH_MAX ? [tooLong(LABEL_LENGTH_MAX)] : [];
  if (LABEL_PATTERN.test(text)) return findings;
  const rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
    'and must start and end with an alphanumeric character';
  const dotted = SUBDOMAIN_PATTERN.test(text);
  return [...findings, dotted ? 'must not contain dots' : patternError(rule, LABEL, 'my-name', '123-abc')];
}

/** Most objects' names (RFC 1123 subdomain). */
export function subdomainName(text: string): Findings {
  if (isPlainLabel(text)) return FINE;
  if (text.length <= SUBDOMAIN_LENGTH_MAX && SUBDOMAIN_PATTERN.test(text)) return FINE;
  const findings = text.length > SUBDOMAIN_LENGTH_MAX ? [tooLong(SUBDOMAIN_LENGTH_MAX)] : [];
  if (SUBDOMAIN_PATTERN.test(text)) return findings;
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
    'and must start and end with an alphanumeric character';
  return [...findings, patternError(rule, SUBDOMAIN, 'example.com')];
}

/** Label keys, finalizers, taint keys: `example.com/MyName`. */
export function qualifiedName(text: string): Findings {
  if (fineQualifiedNames.has(text)) return FINE;
  const findings = qualifiedNameFindings(text);
  if (findings.length === 0) {
    if (fineQualifiedNames.size >= NAMES_KEPT_MAX) fineQualifiedNames.clear();
    fineQualifiedNames.add(text);
  }
  return findings;
}

const NAMES_KEPT_MAX = 1000;
/** Names that were found right: a few of them stand in every object. */
const fineQualifiedNames = new Set<string>();

function qualifiedNameFindings(text: string): Findings {
  const parts = text.split('/');
  if (parts.length > 2) return [qualifiedNameRule()];
  const name = parts.at(-1)!;
  const findings = parts.length === 2 ? prefixFindings(parts[0]!) : [];
  if (name === '') findings.push('name part must be non-empty');
  else if (name.length > LABEL_LENGTH_MAX) findings.push(`name part ${tooLong(LABEL_LENGTH_MAX, 'bytes')}`);
  if (!QUALIFIED_PATTERN.test(name))
    findings.push(`name part ${patternError(QUALIFIED_RULE, QUALIFIED, 'MyName', 'my.name', '123-abc')}`);
  return findings;
}

function prefixFindings(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return subdomainName(prefix).map((finding) => `prefix part ${finding}`);
}

function qualifiedNameRule(): string {
  const rule = patternError(`a valid label key ${QUALIFIED_RULE}`, QUALIFIED, 'MyName', 'my.name', '123-abc');
  return `${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
}

export function labelValue(text: string): Findings {
  if (isPlainLabel(text)) return FINE;
  if (text.length <= LABEL_LENGTH_MAX && LABEL_VALUE_PATTERN.test(text)) return FINE;
  const findings = text.length > LABEL_LENGTH_MAX ? [tooLong(LABEL_LENGTH_MAX, 'bytes')] : [];
  if (LABEL_VALUE_PATTERN.test(text)) return findings;
  const rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
    'and must start and end with an alphanumeric character';
  return [...findings, patternError(rule, LABEL_VALUE, 'MyValue', 'my_value', '12345')];
}

/** A key of a ConfigMap: a file's name. */
export function configKey(text: string): Findings {
  const findings: string[] = [];
  if (text.length > SUBDOMAIN_LENGTH_MAX) findings.push(tooLong(SUBDOMAIN_LENGTH_MAX));
  const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  if (!CONFIG_KEY_PATTERN.test(text)) findings.push(patternError(rule, CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name'));
  if (text === '.') findings.push("must not be '.'");
  else if (text === '..') findings.push("must not be '..'");
  else if (text.startsWith('..')) findings.push("must not start with '..'");
  return findings;
}

export function environmentName(text: string): Findings {
  if (PRINTABLE_WITHOUT_EQUALS.test(text)) return FINE;
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function portNumber(port: number): Findings {
  return port >= 1 && port <= 65535 ? FINE : ['must be between 1 and 65535, inclusive'];
}

/** A container port's name, and a target port that is one (RFC 6335). */
export function portName(text: string): Findings {
  const findings: string[] = [];
  if (text.length > PORT_NAME_LENGTH_MAX) findings.push(tooLong(PORT_NAME_LENGTH_MAX));
  if (!/^[-a-z0-9]+$/.test(text))
    findings.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) findings.push('must contain at least one letter (a-z)');
  if (text.includes('--')) findings.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) findings.push('must not begin or end with a hyphen');
  return findings;
}

export function percentage(text: string): Findings {
  if (PERCENT_PATTERN.test(text)) return FINE;
  const rule = "a valid percent string must be a numeric string followed by an ending '%'";
  return [patternError(rule, PERCENT, '1%', '93%')];
}
