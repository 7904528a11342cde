/** What dns-packet exports beside what its types declare (its README, "API"). */
import 'dns-packet';

declare module 'dns-packet' {
  /** reads one resource record; throws where there is none */
  export const answer: { decode(bytes: Buffer, at: number): unknown };
  /** the codec of a type's data, which its length precedes */
  export function record(type: string): { encode(data: unknown): Buffer };
}
