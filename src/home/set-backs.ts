// Where the times of a journal run backwards, as its lines themselves say.
import { formatDuration } from "#base/quantities.ts";

/** Where the clock of the machine stood before the time of the line before. */
export interface SetBack {
  line: number;
  byMs: number;
}

/** For people: behind what is said of a journal that is whole. Empty where its times never run backwards. */
export function setBackText(setBacks: readonly SetBack[]): string {
  const shown = setBacks
    .slice(0, SET_BACKS_SHOWN)
    .map(({ line, byMs }) => `line ${line} by ${formatDuration(byMs)}`);
  const more = setBacks.length - shown.length;
  const places = more > 0 ? [...shown, `${more} more`] : shown;
  return places.length === 0 ? "" : `; the clock was set back before ${places.join(", ")}`;
}

const SET_BACKS_SHOWN = 5;
