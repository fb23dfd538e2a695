// A page of panels as one self-contained SVG with two layouts: beside one another for paper and wide screens, one below the
// other for a narrow one (a phone, upright). Its bytes depend on what it shows alone.
import { charactersIn, cut, widthOf, wrapCut } from "./labels.ts";
import { PAGE_STYLE } from "./style.ts";
import { element, label, type Box } from "./svg.ts";

export const WIDE = { width: 1188, margin: 28 } as const;
export const NARROW = { width: 420, margin: 12 } as const;

export interface PageLayout {
  height: number;
  content: readonly string[];
}

/** @param title of the document, for readers that don't see it */
export function drawPage(title: string, wide: PageLayout, narrow: PageLayout): string {
  const scale = WIDE.width / NARROW.width;
  const narrowStyle = `@media (max-width:700px) and (max-aspect-ratio:1/1){.wide{display:none}.narrow{display:inline}
svg:root{width:100%;height:calc(100vw * ${narrow.height} / ${NARROW.width})}}
@media print{svg:root{width:100vw;height:100vh}}`;
  const sheet = (width: number, { height, content }: PageLayout) =>
    `\n${element("rect", { x: 0, y: 0, width, height, class: "page" })}\n${content.join("\n")}\n`;
  const content = [
    element("title", {}, title),
    element("style", {}, `${PAGE_STYLE}${narrowStyle}\n`),
    element("g", { class: "wide" }, sheet(WIDE.width, wide)),
    element("g", { class: "narrow", transform: `scale(${scale})` }, sheet(NARROW.width, narrow)),
  ];
  const size = { width: WIDE.width, height: wide.height, viewBox: `0 0 ${WIDE.width} ${wide.height}` };
  const root = { xmlns: "http://www.w3.org/2000/svg", ...size, preserveAspectRatio: "xMidYMin meet" };
  return `${element("svg", root, `\n${content.join("\n")}\n`)}\n`;
}

export interface Header {
  title: string;
  figures: readonly string[];
  /** A word for the verdict, and how it is coloured. */
  status: string;
  tone: "good" | "bad" | "doubtful";
  reason: string;
}

const TITLE_SIZE = 21;
const BADGE_SIZE = 14;
const SUBTITLE_SIZE = 13;
const REASON_SIZE = 12;
export const WIDE_HEADER = 84;

export function drawWideHeader({ title, figures, status, tone, reason }: Header): string {
  const word = status.toUpperCase().replaceAll("-", " ");
  const width = 22 + widthOf(word, BADGE_SIZE) * 1.1;
  const right = WIDE.width - WIDE.margin;
  const x = right - width;
  const room = charactersIn(x - 2 * WIDE.margin, TITLE_SIZE);
  const subtitle = figures.join("  \u00B7  ");
  const reasonRoom = right - WIDE.margin - widthOf(subtitle, SUBTITLE_SIZE) - 24;
  return [
    label(WIDE.margin, 38, cut(title, room), "title"),
    label(WIDE.margin, 60, subtitle, "subtitle"),
    element("rect", { x, y: 18, width, height: 28, rx: 4, class: `badge ${tone}` }),
    label(x + width / 2, 37, word, "badge-text", "middle"),
    label(right, 62, cut(reason, charactersIn(reasonRoom, REASON_SIZE)), "reason", "end"),
  ].join("\n");
}

const LINE = 17;

/** The header of the narrow layout, and where the first panel may begin. */
export function drawNarrowHeader({ title, figures, status, tone, reason }: Header): {
  text: string;
  bottom: number;
} {
  const { margin, width } = NARROW;
  const room = width - 2 * margin;
  const word = status.toUpperCase().replaceAll("-", " ");
  const titles = wrapCut(title, charactersIn(room, TITLE_SIZE), 3);
  const badgeTop = 14 + titles.length * 25;
  const badgeWidth = 22 + widthOf(word, BADGE_SIZE) * 1.1;
  const reasons = wrapCut(reason, charactersIn(room, REASON_SIZE), 4);
  const subtitles = figures.flatMap((text) => wrapCut(text, charactersIn(room, SUBTITLE_SIZE), 3));
  const rows = [
    ...reasons.map((text) => ({ text, style: "reason" })),
    ...subtitles.map((text) => ({ text, style: "subtitle" })),
  ];
  const first = badgeTop + 28 + 20;
  const parts = [
    ...titles.map((text, row) => label(margin, 32 + 25 * row, text, "title")),
    element("rect", { x: margin, y: badgeTop, width: badgeWidth, height: 28, rx: 4, class: `badge ${tone}` }),
    label(margin + badgeWidth / 2, badgeTop + 19, word, "badge-text", "middle"),
    ...rows.map(({ text, style }, row) => label(margin, first + LINE * row, text, style)),
  ];
  return { text: parts.join("\n"), bottom: first + LINE * rows.length };
}

const SMALL_SIZE = 10;
export const SMALL_LINE = 14;

/** Lines of small text, wrapped to the width of a layout, at most so many. */
export function drawLines(
  { x, y, width }: Box,
  texts: readonly string[],
  most: number,
): { text: string; bottom: number } {
  const room = charactersIn(width, SMALL_SIZE);
  const lines = texts.flatMap((text) => wrapCut(text, room, most));
  const text = lines.map((each, row) => label(x, y + SMALL_LINE * row, each, "small")).join("\n");
  return { text, bottom: y + SMALL_LINE * lines.length };
}
