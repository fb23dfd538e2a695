// Conditions on requirements of Python (PEP 508): `python_version >= "3.9" and sys_platform == "linux"`.

export type MarkerVariables = Readonly<Record<string, string>>;

const VERSIONS = new Set(["python_version", "python_full_version", "implementation_version"]);
const TOKEN = /\s*(?:([()])|(===|==|~=|!=|<=|>=|<|>)|"([^"]*)"|'([^']*)'|([A-Za-z_.]+))/y;

interface Term {
  text: string;
  variable: string | undefined;
}

/** Brackets within one another: real ones have two or three. */
const DEPTH_MAX = 100;

/** @throws Error for what is no condition, or names what is not known */
export function evaluateMarker(marker: string, variables: MarkerVariables): boolean {
  const tokens = tokensOf(marker);
  let [at, depth] = [0, 0];
  const isNext = (word: string): boolean => tokens[at]?.word === word && (at += 1) > 0;
  const term = (): Term => {
    const token = tokens[at];
    at += 1;
    if (token?.text !== undefined) return { text: token.text, variable: undefined };
    const name = token?.word ?? "";
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) throw wrong(marker);
    return { text: value, variable: name };
  };
  const comparison = (): boolean => {
    if (isNext("(")) {
      depth += 1;
      if (depth > DEPTH_MAX) throw wrong(`${marker.slice(0, 80)}...`);
      const inner = either();
      depth -= 1;
      if (!isNext(")")) throw wrong(marker);
      return inner;
    }
    const left = term();
    let operator = tokens[at]?.word ?? "";
    at += 1;
    if (operator === "not" && isNext("in")) operator = "not in";
    return compare(left, operator, term(), marker);
  };
  const both = (): boolean => {
    let value = comparison();
    while (isNext("and")) {
      const next = comparison();
      value = value && next;
    }
    return value;
  };
  const either = (): boolean => {
    let value = both();
    while (isNext("or")) {
      const next = both();
      value = value || next;
    }
    return value;
  };
  const value = either();
  if (at < tokens.length) throw wrong(marker);
  return value;
}

function tokensOf(marker: string): { word?: string; text?: string }[] {
  const tokens: { word?: string; text?: string }[] = [];
  const text = marker.trim();
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) throw wrong(marker);
    const [, bracket, operator, double, single, word] = found;
    const literal = double ?? single;
    tokens.push(literal === undefined ? { word: bracket ?? operator ?? word ?? "" } : { text: literal });
  }
  return tokens;
}

function compare(left: Term, operator: string, right: Term, marker: string): boolean {
  if (operator === "in") return right.text.includes(left.text);
  if (operator === "not in") return !right.text.includes(left.text);
  const isVersion = VERSIONS.has(left.variable ?? "") || VERSIONS.has(right.variable ?? "");
  const order = isVersion
    ? compareReleases(left.text, right.text)
    : left.text < right.text
      ? -1
      : +(left.text > right.text);
  const [prefix] = right.text.split(".*");
  const isWithin = right.text.endsWith(".*") && `${left.text}.`.startsWith(`${prefix}.`);
  switch (operator) {
    case "==":
    case "===":
      return right.text.endsWith(".*") ? isWithin : order === 0;
    case "!=":
      return right.text.endsWith(".*") ? !isWithin : order !== 0;
    case "<=":
      return order <= 0;
    case ">=":
      return order >= 0;
    case "<":
      return order < 0;
    case ">":
      return order > 0;
    case "~=":
      return order >= 0 && `${left.text}.`.startsWith(`${right.text.split(".").slice(0, -1).join(".")}.`);
  }
  throw wrong(marker);
}

/** Versions of Python that are out: numbers with dots. */
function compareReleases(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.replace(/\.\*$/, "").split(".").map(Number));
  for (let at = 0; at < Math.max(a?.length ?? 0, b?.length ?? 0); at += 1) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function wrong(marker: string): Error {
  return new Error(`the condition '${marker}' is not understood`);
}
