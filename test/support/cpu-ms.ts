/**
 * Milliseconds of processor that this process used for `work`, which returns at once: unlike the
 * time it took, they do not grow with what else the machine has to do.
 */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
