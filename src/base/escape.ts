// Text in markup: HTML and SVG alike.

/** Text that stands in markup as it is. */
const PLAIN = /^[\t\n !#-%'-;=?-~\u00A0-\uD7FF]*$/;

/** Escapes text for content and attributes. Characters that XML can't hold become U+FFFD. */
export function escapeMarkup(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
