// A pipeline.ts without its types, for most of those there are: Node's own eraser is a compiler for all of TypeScript, and to load it
// takes longer than all else that a run does before its first stage. Here a file is read by its words alone: types of what is declared
// become blanks, and what might be anything else in TypeScript than in JavaScript is left to Node. What has types elsewhere is no
// JavaScript: whoever loads it sees that, and lets Node do it.

/** Names that TypeScript gives a meaning, where they stand beside another one. */
const WORDS = new Set(
  "abstract accessor as asserts declare enum global implements infer interface is module namespace override private protected public readonly satisfies type".split(
    " ",
  ),
);
/** Behind these a slash divides nothing. */
const OPERATORS = new Set(
  "await case delete do else extends in instanceof new of return throw typeof void yield".split(" "),
);
const DECLARING = new Set(["const", "let", "var"]);
/** No name of a type, or more than that. */
const RESERVED = new Set([
  ...WORDS,
  ...OPERATORS,
  ...DECLARING,
  ..."break catch class continue debugger default export false finally for function if import keyof null package static super switch this true try undefined unique while with".split(
    " ",
  ),
]);
/** What a comparison ends with, and a list of types does not. */
const BEHIND_COMPARED = new Set([";", ")", "&&", "||"]);
type Kind = "name" | "number" | "text" | "sign";

interface Token {
  kind: Kind;
  text: string;
  at: number;
}

const NAME = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d(?:[\da-zA-Z_]|\.\d)*/y;
const TEXT = /"(?:[^"\\\n\r]|\\[^\r])*"|'(?:[^'\\\n\r]|\\[^\r])*'/y;
const SPACE = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)+/y;
const SIGN = /=>|\.\.\.|&&|\|\||[-+*%=!<>(){}[\];,.?:&|^~]/y;
/** Of a template, up to its end or to a value in it. */
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;

/** @returns the text with blanks for types, or undefined where that takes more than this */
export function eraseTypes(text: string): string | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  let [erased, done] = ["", 0];
  for (let index = 0; index < tokens.length; index += 1) {
    if (!isAnnotated(tokens, index)) {
      if (mayDiffer(tokens, index)) return undefined;
      continue;
    }
    const end = endOfType(tokens, index + 3);
    if (end === undefined) return undefined;
    const [from, to] = [tokens[index + 2]?.at ?? 0, tokens[end]?.at ?? 0];
    const type = text.slice(from, to).trimEnd();
    if (!/^[ -~]+$/.test(type)) return undefined;
    erased += text.slice(done, from) + " ".repeat(type.length);
    done = from + type.length;
    index = end - 1;
  }
  return erased + text.slice(done);
}

/** `const name:`, which is no JavaScript anywhere. */
function isAnnotated(tokens: readonly Token[], index: number): boolean {
  const [declaring, name, colon] = tokens.slice(index, index + 3);
  return (
    declaring?.kind === "name" &&
    DECLARING.has(declaring.text) &&
    tokens[index - 1]?.text !== "." &&
    name?.kind === "name" &&
    colon?.text === ":"
  );
}

/** @returns the index of the `=` behind it; undefined for a type of another form than names, lists of them, and their choices */
function endOfType(tokens: readonly Token[], start: number): number | undefined {
  const end = behindType(tokens, start);
  if (end === undefined || tokens[end]?.text !== "=") return undefined;
  const before = tokens[end - 1];
  // `>=` to a reader of words.
  return before?.text === ">" && before.at + 1 === tokens[end].at ? undefined : end;
}

function behindType(tokens: readonly Token[], start: number): number | undefined {
  let at: number | undefined = behindMember(tokens, start);
  while (at !== undefined && ["|", "&"].includes(tokens[at]?.text ?? "")) at = behindMember(tokens, at + 1);
  return at;
}

/** `name`, `typeof name`, `name.name<type, type>[]`. */
function behindMember(tokens: readonly Token[], start: number): number | undefined {
  const textAt = (index: number): string => tokens[index]?.text ?? "";
  let at = textAt(start) === "typeof" ? start + 1 : start;
  if (!isTypeName(tokens[at])) return undefined;
  for (at += 1; textAt(at) === "."; at += 2) if (!isTypeName(tokens[at + 1])) return undefined;
  if (textAt(at) === "<") {
    do {
      const end = behindType(tokens, at + 1);
      if (end === undefined) return undefined;
      at = end;
    } while (textAt(at) === ",");
    if (textAt(at) !== ">") return undefined;
    at += 1;
  }
  while (textAt(at) === "[" && textAt(at + 1) === "]") at += 2;
  return at;
}

function isTypeName(token: Token | undefined): boolean {
  return token?.kind === "name" && /^[A-Za-z_$][\w$]*$/.test(token.text) && !RESERVED.has(token.text);
}

/** Whether TypeScript may read it otherwise than JavaScript does. */
function mayDiffer(tokens: readonly Token[], index: number): boolean {
  const { kind, text } = tokens[index] as Token;
  const [next, second] = tokens.slice(index + 1, index + 3);
  if (kind === "name" && WORDS.has(text)) return tokens[index - 1]?.text !== "." && next?.text !== ":";
  if (kind !== "sign" || text !== "<") return false;
  const isCompared = next?.kind === "name" || next?.kind === "number";
  return !isCompared || !BEHIND_COMPARED.has(second?.text ?? "");
}

/** @returns undefined where it takes a parser to tell what there is */
function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  /** Of each template that is open: how many braces are, in the value that is read. */
  const templates: number[] = [];
  let at = 0;
  const take = (form: RegExp): string | undefined => {
    form.lastIndex = at;
    const found = form.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const template = (): boolean => {
    const found = take(TEMPLATE);
    if (found?.endsWith("${")) templates.push(0);
    return found !== undefined;
  };
  const brace = (sign: string): boolean => {
    const open = templates.length - 1;
    const depth = templates[open];
    if (depth === undefined) return true;
    if (sign === "{") templates[open] = depth + 1;
    else if (depth > 0) templates[open] = depth - 1;
    else {
      templates.pop();
      return template();
    }
    return true;
  };
  for (;;) {
    take(SPACE);
    if (at >= text.length) return templates.length === 0 ? tokens : undefined;
    const start = at;
    const add = (kind: Kind, found: string): void => void tokens.push({ kind, text: found, at: start });
    let found: string | undefined;
    if ((found = take(NAME)) !== undefined) add("name", found);
    else if ((found = take(NUMBER)) !== undefined) add("number", found);
    else if ((found = take(TEXT)) !== undefined) add("text", found);
    else if (text[at] === "`") {
      at += 1;
      add("text", "`");
      if (!template()) return undefined;
    } else if (text[at] === "/") {
      if (!divides(tokens.at(-1))) return undefined;
      at += 1;
      add("sign", "/");
    } else if ((found = take(SIGN)) !== undefined) {
      add("sign", found);
      if ((found === "{" || found === "}") && !brace(found)) return undefined;
    } else return undefined;
  }
}

/** Behind what it is sure to divide; else it may begin a pattern. */
function divides(before: Token | undefined): boolean {
  if (before === undefined) return false;
  if (before.kind === "name") return !OPERATORS.has(before.text);
  return before.kind === "number" || before.text === "]";
}
