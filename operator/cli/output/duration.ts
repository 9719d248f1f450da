/** A duration in the shortest words that say enough: `45s`, `12m`, `7h`, `3d`. */
export function shortDuration(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
