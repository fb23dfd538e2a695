// Places the marks above each system of an engraved score as an engraver does: chord symbols in one row, rehearsal marks in
// a row above them, the tempo beside the first rehearsal mark, and the number of the first bar of each later system.

/** All in units of the drawing; up is less. */
const CHORD_HEIGHT = 420;
const REHEARSAL_HEIGHT = 498;
const REHEARSAL_GAP = 250;
const NUMBER_GAP = 420;
const NUMBER_SIZE = 324;

/** @param svg as Verovio writes it */
export function placeMarks(svg: string, barsPerSystem: number): string {
  const [head = "", ...systems] = svg.split(/(?=<g id="\w+" class="system">)/);
  return head + systems.map((system, index) => placeInSystem(system, index * barsPerSystem + 1)).join("");
}

function placeInSystem(system: string, bar: number): string {
  const chordY = placeOf(system, "harm").y;
  const tempo = /class="tempo"/.test(system) ? placeOf(system, "tempo") : undefined;
  // Where there is a tempo, it leaves its row, which lies below the chords, to them.
  const row = tempo?.y ?? chordY;
  const rehearsalY = row - CHORD_HEIGHT - REHEARSAL_HEIGHT;
  const placed = system
    .replaceAll(/class="harm"/g, `class="harm" transform="translate(0 ${row - chordY})"`)
    .replaceAll(
      /(class="reh")([^>]*>\s*<rect [^>]*? y="(-?\d+)")/g,
      (_, name: string, rest: string, y: string) =>
        `${name} transform="translate(0 ${rehearsalY - Number(y)})"${rest}`,
    );
  if (tempo === undefined) return withBarNumber(placed, bar);
  const { x, width, textY, y } = rehearsalBox(system);
  const right = x + width + REHEARSAL_GAP - tempo.x;
  const down = textY + rehearsalY - y - tempo.y;
  return placed.replace('class="tempo"', `class="tempo" transform="translate(${right} ${down})"`);
}

function withBarNumber(system: string, bar: number): string {
  const [, x = "0", y = "0"] = found(/class="staff">\s*<path d="M(-?\d+) (-?\d+)/.exec(system), "staff");
  const place = `x="${x}" y="${Number(y) - NUMBER_GAP}"`;
  const text = `<text ${place} font-style="italic" font-size="${NUMBER_SIZE}px" class="bar-number">${bar}</text>`;
  return system.replace(">", `>\n            ${text}`);
}

function placeOf(system: string, mark: string): { x: number; y: number } {
  const pattern = new RegExp(`class="${mark}"[^>]*>\\s*<text x="(-?\\d+)" y="(-?\\d+)"`);
  const [, x, y] = found(pattern.exec(system), mark);
  return { x: Number(x), y: Number(y) };
}

function rehearsalBox(system: string): { x: number; y: number; width: number; textY: number } {
  const pattern =
    /class="reh"[^>]*>\s*<rect [^>]*? x="(-?\d+)" y="(-?\d+)" height="\d+" width="(\d+)" \/>\s*<text x="-?\d+" y="(-?\d+)"/;
  const [x = 0, y = 0, width = 0, textY = 0] = found(pattern.exec(system), "reh").slice(1).map(Number);
  return { x, y, width, textY };
}

function found(match: RegExpExecArray | null, mark: string): RegExpExecArray {
  if (match === null)
    throw new Error(`Cannot engrave the score: a system has no ${mark} where one is wanted`);
  return match;
}
