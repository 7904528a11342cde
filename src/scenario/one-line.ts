/** A message of several lines on one, without the rulers that some programs draw: for a transcript, which has a line for each thing. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n(?:-+\n)?\s*/g, ' ').trim();
}
