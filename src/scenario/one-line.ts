/** A message of several lines on one, without the rulers that some programs draw: a transcript has a line for each thing. */
export function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => !/^-{4,}$/.test(line)).join(' ');
}
