/** A plan's report as a picture: one bar for each space, as long as the space, with what is taken of it by whom. */
import { describeFailure } from './describe-failure.ts';
import { MODEL_TITLES } from './limits.ts';
import type { PlanReport } from './report.ts';
import type { Share, SpaceUse } from './space.ts';

const WIDTH = 960;
const MARGIN = 24;
const BAR_WIDTH = WIDTH - 2 * MARGIN;
const BAR_HEIGHT = 26;
const LINE = 18;
const FONT = 'font-family="Helvetica, Arial, sans-serif"';

/** What does not belong to a pool, then one colour for each further taker: dark enough for white text. */
const OWN_COLOUR = '#4b5563';
const COLOURS = ['#1d4ed8', '#15803d', '#b45309', '#7c3aed', '#be185d', '#0f766e'] as const;
const OWN_TAKERS: ReadonlySet<string> = new Set(['Azure', 'Kubernetes', 'blocks with addresses of Azure']);

export function planSvg(report: PlanReport): string {
  const { plan, models, forecast } = report;
  const colours = coloursOf(forecast.spaces);
  const heading = plan.title === undefined ? plan.name : `${plan.name}: ${plan.title}`;
  const verdict = forecast.failure === undefined ? ['Everything fits.'] : describeFailure(plan, forecast.failure);
  const head = [
    text(MARGIN, 36, heading, { size: 18, weight: 'bold' }),
    text(MARGIN, 58, models.map(({ pool, model }) => `${pool}: ${MODEL_TITLES[model]}`).join('   ')),
    ...verdict.map((line, i) => text(MARGIN, 80 + i * LINE, line.trim(), i === 0 ? { weight: 'bold' } : {})),
    legend(80 + verdict.length * LINE + 6),
  ];
  let y = 80 + verdict.length * LINE + 44;
  const rows: string[] = [];
  for (const use of forecast.spaces) {
    const isShort = use.space.name === forecast.failure?.space.name;
    const row = rowOf(use, { y, isShort, colours });
    rows.push(row.svg);
    y += row.height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img">`,
    `<title>${escaped(heading)}</title>`,
    HATCHING,
    `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>`,
    ...head,
    ...rows,
    '</svg>\n',
  ].join('\n');
}

/** Laid over a colour: what is wasted. */
const HATCHING =
  '<defs><pattern id="wasted" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
  '<rect width="6" height="6" fill="#ffffff"/><rect width="3" height="6" fill="#9ca3af"/></pattern></defs>';

function coloursOf(spaces: readonly SpaceUse[]): ReadonlyMap<string, string> {
  const takers = new Set(spaces.flatMap(({ shares }) => shares.map(({ taker }) => taker)));
  const others = [...takers].filter((taker) => !OWN_TAKERS.has(taker));
  return new Map([
    ...[...OWN_TAKERS].map((taker) => [taker, OWN_COLOUR] as const),
    ...others.map((taker, i) => [taker, COLOURS[i % COLOURS.length]!] as const),
  ]);
}

function legend(y: number): string {
  const entries = [
    { fill: OWN_COLOUR, opacity: 1, label: 'used' },
    { fill: OWN_COLOUR, opacity: 0.25, label: 'reserved, idle' },
    { fill: 'url(#wasted)', opacity: 1, label: 'reserved, for nobody' },
    { fill: '#ffffff', opacity: 1, label: 'free' },
  ];
  return entries
    .map(
      ({ fill, opacity, label }, i) =>
        swatch(MARGIN + i * 170, y, fill, opacity) + text(MARGIN + 20 + i * 170, y + 11, label),
    )
    .join('\n');
}

interface Row {
  readonly y: number;
  readonly isShort: boolean;
  readonly colours: ReadonlyMap<string, string>;
}

function rowOf({ space, shares, free }: SpaceUse, { y, isShort, colours }: Row): { svg: string; height: number } {
  const title = `${space.name}${space.range === undefined ? '' : `  ${space.range}`}`;
  const total = `${free} of ${space.size} free`;
  const barY = y + LINE - 4;
  const segments = shares.flatMap((share) => segmentsOf(share, colours.get(share.taker)!));
  let x = MARGIN;
  const drawn = segments.map(({ amount, fill, opacity }) => {
    const width = space.size === 0 ? 0 : (amount / space.size) * BAR_WIDTH;
    const svg = rect(x, barY, width, { fill, opacity });
    x += width;
    return svg;
  });
  const takers = shares.map((share, i) =>
    takerLine(share, colours.get(share.taker)!, barY + BAR_HEIGHT + 8 + i * LINE),
  );
  const frame = isShort ? 'stroke="#dc2626" stroke-width="3"' : 'stroke="#374151" stroke-width="1"';
  return {
    svg: [
      text(MARGIN, y + 8, isShort ? `${title}  runs out first` : title, {
        weight: 'bold',
        fill: isShort ? '#dc2626' : '#111827',
      }),
      text(WIDTH - MARGIN, y + 8, total, { anchor: 'end' }),
      ...drawn,
      `<rect x="${MARGIN}" y="${barY}" width="${BAR_WIDTH}" height="${BAR_HEIGHT}" fill="none" ${frame}/>`,
      ...takers,
    ].join('\n'),
    height: LINE + BAR_HEIGHT + shares.length * LINE + 26,
  };
}

function segmentsOf({ reserved, used, wasted }: Share, colour: string) {
  return [
    { amount: used, fill: colour, opacity: 1 },
    { amount: reserved - used - wasted, fill: colour, opacity: 0.25 },
    { amount: wasted, fill: 'url(#wasted)', opacity: 1 },
  ].filter(({ amount }) => amount > 0);
}

function takerLine({ taker, reserved, used, wasted }: Share, colour: string, y: number): string {
  const idle = reserved - used - wasted;
  const parts = [
    `${used} used`,
    ...(idle > 0 ? [`${idle} idle`] : []),
    ...(wasted > 0 ? [`${wasted} for nobody`] : []),
  ];
  const amounts = parts.length === 1 ? parts[0] : `${reserved} reserved: ${parts.join(', ')}`;
  return swatch(MARGIN, y, colour, 1) + text(MARGIN + 20, y + 11, `${taker}: ${amounts}`);
}

function swatch(x: number, y: number, fill: string, opacity: number): string {
  return `<rect x="${x}" y="${y}" width="13" height="13" fill="${fill}" fill-opacity="${opacity}" stroke="#374151"/>`;
}

function rect(x: number, y: number, width: number, { fill, opacity }: { fill: string; opacity: number }): string {
  return `<rect x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${BAR_HEIGHT}" fill="${fill}" fill-opacity="${opacity}"/>`;
}

interface TextStyle {
  readonly size?: number;
  readonly weight?: 'bold';
  readonly fill?: string;
  readonly anchor?: 'end';
}

function text(
  x: number,
  y: number,
  content: string,
  { size = 13, weight, fill = '#111827', anchor }: TextStyle = {},
): string {
  const extra = `${weight === undefined ? '' : ` font-weight="${weight}"`}${anchor === undefined ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${x}" y="${y}" ${FONT} font-size="${size}" fill="${fill}"${extra}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
