// Moments as people write them in files. `Date.parse` takes more than it should: it reads "hello 1" as the year 2001, a day that
// no month has as one of the next, and a time without a zone as one of wherever the program happens to run.

const MOMENT =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<date>\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * Milliseconds since 1970 of a moment in ISO 8601: a time with its zone (`2026-01-31T12:00:00Z`), or a day, which begins at
 * midnight UTC. NaN of anything else.
 */
export function parseMoment(text: string): number {
  const { year, month, date } = MOMENT.exec(text)?.groups ?? {};
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(date) <= days ? Date.parse(text) : Number.NaN;
}
