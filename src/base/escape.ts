// Text where some characters mean something: in markup (HTML and SVG alike), and on the command line of a shell.

/** Text that stands in markup as it is. */
const PLAIN = /^[\t\n !#-%'-;=?-~\u00A0-\u061B\u061D-\u1FFF\u2070-\uD7FF]*$/;

/** Escapes text for content and attributes. Characters that XML can't hold, and those that turn a line around, become U+FFFD. */
export function escapeMarkup(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\u007E\u00A0-\uFFFD\u{10000}-\u{10FFFF}]|\p{Bidi_Control}/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A word of a command line for a POSIX shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A text as it can be shown: what is not seen, or turns the line around, by its code. */
export function visibleText(text: string): string {
  return text.replaceAll(
    /[\p{C}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]|[^\P{Z} ]/gu,
    (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
