/** Lengths of time as Kubernetes writes them (Go's `time.ParseDuration`): `10s`, `1m30s`, `500ms`. */

const UNITS_MS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds, a whole number of them; undefined where the text is no such length. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) sum += Number(count) * UNITS_MS[unit!]!;
  return Number.isInteger(sum) ? sum : undefined;
}

/** `10s`, `1m30s`, `250ms`: the shortest way to write it. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = (ms % 60_000) / 1000;
  const minutes = Math.floor(ms / 60_000) % 60;
  const hours = Math.floor(ms / 3_600_000);
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 || ms === 0 ? `${seconds}s` : ''}`;
}
