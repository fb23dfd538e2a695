// Just enough XML to write a document: elements, attributes, text, all escaped.

export interface XmlElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  content: readonly XmlElement[] | string;
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  content: readonly XmlElement[] | string = [],
): XmlElement {
  return { name, attributes, content };
}

export interface DocumentType {
  name: string;
  publicId: string;
  systemId: string;
}

/** A whole document in UTF-8, indented by two. */
export function writeXml(root: XmlElement, type?: DocumentType): string {
  const doctype = type && `<!DOCTYPE ${type.name} PUBLIC "${type.publicId}" "${type.systemId}">\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${doctype ?? ""}${writeElement(root, "")}`;
}

function writeElement({ name, attributes, content }: XmlElement, indent: string): string {
  const start = `${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join("")}`;
  if (content.length === 0) return `${indent}<${start}/>\n`;
  if (typeof content === "string") return `${indent}<${start}>${escapeXml(content)}</${name}>\n`;
  const children = content.map((child) => writeElement(child, `${indent}  `)).join("");
  return `${indent}<${start}>\n${children}${indent}</${name}>\n`;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escapes text for content and attributes; throws RangeError on characters XML 1.0 can't hold. */
export function escapeXml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters XML forbids
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/u.test(text) || !text.isWellFormed()) {
    throw new RangeError(`Cannot write ${JSON.stringify(text)} as XML: it has a character that XML forbids`);
  }
  return text.replaceAll(/[&<>"]/gu, (character) => ESCAPES[character] ?? character);
}
