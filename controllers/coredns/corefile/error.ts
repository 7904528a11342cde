/** Why a Corefile is refused, and where. */
import type { Token } from './tokens.ts';

/** Message in Caddy's own form: `Corefile:12 - Error during parsing: ...`. Thrown while loading, caught by `loadCorefile`. */
export class CorefileError extends Error {
  override readonly name = 'CorefileError';
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(at: { readonly file: string; readonly line: number; readonly column: number }, reason: string) {
    super(`${at.file}:${at.line} - Error during parsing: ${reason}`);
    this.file = at.file;
    this.line = at.line;
    this.column = at.column;
  }
}

export function wrongArguments(at: Token): CorefileError {
  return new CorefileError(at, `Wrong argument count or unexpected line ending after '${at.text}'`);
}
