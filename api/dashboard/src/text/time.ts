const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTES = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** HH:MM:SS in the reader's time zone. */
export function clockTime(wall: number): string {
  return CLOCK.format(wall);
}

/** HH:MM in the reader's time zone. */
export function clockMinutes(wall: number): string {
  return MINUTES.format(wall);
}

/** A duration in one or two units: 45 s, 12 min, 3 h 5 min, 2 d 4 h. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
