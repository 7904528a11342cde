/** What the whole process has taken, from its start. */

export function timings(): string {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  const seconds = (microseconds: number) => (microseconds / 1e6).toFixed(3);
  return `wall ${process.uptime().toFixed(3)} s, CPU ${seconds(user + system)} s (user ${seconds(user)}, system ${seconds(system)}), memory ${(maxRSS / 1024).toFixed(0)} MiB`;
}
