/**
 * Pearson's chi-square test of shares. The p-value is the regularised upper incomplete gamma function Q(k/2, x/2)
 * (NIST Digital Library of Mathematical Functions, 8.2.4), by its series below the middle and its continued fraction above.
 */

export interface Observation {
  readonly observed: number;
  /** expected share of the total, above 0 */
  readonly share: number;
}

const TERMS_MAX = 10_000;
const PRECISION = 1e-14;

/** The probability of counts as uneven as these, or more, if the shares are right: 0 to 1. */
export function chiSquareProbability(observations: readonly Observation[]): number {
  const total = observations.reduce((sum, { observed }) => sum + observed, 0);
  const statistic = observations.reduce(
    (sum, { observed, share }) => sum + (observed - share * total) ** 2 / (share * total),
    0,
  );
  return observations.length < 2 ? 1 : upperGamma((observations.length - 1) / 2, statistic / 2);
}

function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - scale * lowerSeries(a, x) : scale * upperFraction(a, x);
}

/** DLMF 8.7.1: the sum of x^n / (a (a + 1) ... (a + n)). */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < TERMS_MAX && term > sum * PRECISION; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** DLMF 8.9.2, by Lentz's method. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Number.MAX_VALUE;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < TERMS_MAX; n++) {
    const coefficient = -n * (n - a);
    b += 2;
    d = 1 / (coefficient * d + b);
    c = b + coefficient / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return fraction;
}

/** Stirling's series (DLMF 5.11.1) after shifting the argument to where it converges fast. */
function logGamma(value: number): number {
  let shift = 0;
  let z = value;
  for (; z < 10; z++) shift += Math.log(z);
  const squared = 1 / (z * z);
  const series = (1 / 12 - squared * (1 / 360 - squared * (1 / 1260 - squared / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
