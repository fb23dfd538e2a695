// HTML from names, attributes and children. Text is escaped here and nowhere else; what is markup already is an `Html`.

import { escapeMarkup } from "#base/escape.ts";

export interface Html {
  readonly html: string;
}

export type Child = Html | string | undefined | false | readonly Child[];
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const VOID = new Set(["meta", "br", "hr", "col", "link", "img"]);

/** `h("td", { class: "number" }, "5")` */
export function h(name: string, attributes: Attributes = {}, ...children: Child[]): Html {
  const words = Object.entries(attributes).map(([key, value]) => {
    if (value === undefined || value === false) return "";
    return value === true ? ` ${key}` : ` ${key}="${escapeMarkup(String(value))}"`;
  });
  const open = `<${name}${words.join("")}>`;
  return { html: VOID.has(name) ? open : `${open}${htmlOf(children)}</${name}>` };
}

/** Markup that was made elsewhere: an SVG, a style sheet. */
export function raw(html: string): Html {
  return { html };
}

/** Children one after the other. */
export function all(...children: Child[]): Html {
  return { html: htmlOf(children) };
}

function htmlOf(child: Child): string {
  if (child === undefined || child === false) return "";
  if (typeof child === "string") return escapeMarkup(child);
  return "html" in child ? child.html : child.map(htmlOf).join("");
}
