/** A mistake in what somebody wrote, and where it stands: one sentence each. */

export interface Position {
  /** both count from 1 */
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** the file as the user named it, or `--set path=value` */
  readonly file: string;
  readonly position?: Position;
  /** `spec.cluster.networkProfile.dnsServiceIP`; empty where the whole file is meant */
  readonly path: string;
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** `seed-overlay.yaml:14:9 spec.cluster.networkProfile.dnsServiceIP: 10.97.0.10 is outside serviceCidr 10.96.0.0/16` */
export function formatProblem({ file, position, path, message }: Problem): string {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  // A value that is shown as it was written may hold line ends.
  const line = message.replaceAll('\n', '\\n');
  return path === '' ? `${place}: ${line}` : `${place} ${path}: ${line}`;
}

/** `spec.steps[2].send.expect`; keys that are no plain words are quoted: `spec.steps[0].scale["deployment/my-api"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** The parts of a path as `formatPath` writes it; undefined where the text is none. */
export function parsePath(text: string): Path | undefined {
  const parts: (string | number)[] = [];
  let rest = text;
  while (rest !== '') {
    const part = /^(?:\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|(\.?)([A-Za-z_][\w-]*))/.exec(rest);
    if (part === null || (part[4] !== undefined && (part[3] === '.') === (parts.length === 0))) return undefined;
    if (part[1] !== undefined) parts.push(Number(part[1]));
    else parts.push(part[4] ?? (JSON.parse(part[2]!) as string));
    rest = rest.slice(part[0].length);
  }
  return parts.length === 0 ? undefined : parts;
}
