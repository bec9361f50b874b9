/** The time at which generated mails are made and judged. */
export const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** When everything is judged: the full hour, because one of the other judges knows the machine's clock only. */
export const NOW = new Date(Math.floor(Date.now() / HOUR) * HOUR);

export const day = (count: number) => new Date(NOW.getTime() + count * DAY);
export const hour = (count: number) => new Date(NOW.getTime() + count * HOUR);
