// Reads the text of a shell script between its values, only to know where each value stands: what it becomes there is one
// word, or part of a quoted one, whatever is in it. Values are handed to the shell as data (`pipelite` is an array of them)
// and are never part of the script, so none can be read as commands.

/** What a value may stand in; the innermost is the last of a stack. */
type Context =
  | { kind: "plain" | "paren" | "case" | "double" | "single" | "ansi" | "comment" | "backtick" | "brace" }
  | { kind: "arithmetic"; depth: number }
  | { kind: "heredoc"; delimiter: string; isQuoted: boolean; stripsTabs: boolean };

/** A value that can't stand where it does. */
export class MisplacedValue extends Error {}

export interface ShellValue {
  /** Place of its first word among all words. */
  index: number;
  /** Of a list: how many there are. */
  count: number | undefined;
  /** Of a number: its digits. */
  digits: string | undefined;
}

const WORDS: Record<Context["kind"], string> = {
  plain: "the script",
  paren: "a ( without its )",
  case: "a case without its esac",
  double: "double quotes",
  single: "single quotes",
  ansi: "quotes of the form $'...'",
  comment: "a comment",
  backtick: "backticks",
  brace: "${...}",
  arithmetic: "arithmetic",
  heredoc: "a here-document",
};

/** Words behind which a command begins. */
const OPENING = new Set(["then", "do", "else", "elif", "if", "while", "until", "{", "!", "time"]);

export class ShellText {
  readonly #stack: Context[] = [{ kind: "plain" }];
  #pending: Extract<Context, { kind: "heredoc" }>[] = [];
  #word = "";
  #isCommand = true;
  #isEscaped = false;
  /** The last character was a $ that stands for nothing yet. */
  #isDollar = false;
  #isLineStart = true;
  #script = "";

  get #top(): Context {
    return this.#stack.at(-1) ?? { kind: "plain" };
  }

  /** Reads the text up to the next value. */
  text(piece: string): void {
    this.#script += piece;
    for (let at = 0; at < piece.length;) at += this.#step(piece, at);
  }

  /** Puts a value here. @throws MisplacedValue */
  value({ index, count, digits }: ShellValue): void {
    if (this.#isEscaped) throw new MisplacedValue("it stands behind a backslash");
    if (this.#isDollar) throw new MisplacedValue("it stands behind a $");
    const { kind } = this.#top;
    const one = `\${pipelite[${index}]}`;
    if (kind === "comment") return;
    if (kind === "arithmetic" || kind === "brace") {
      if (digits === undefined)
        throw new MisplacedValue(`it stands in ${WORDS[kind]}, where only a number can`);
      this.#script += `(${digits})`;
    } else if (kind === "double" || (kind === "heredoc" && !this.#isQuotedHeredoc())) {
      if (count !== undefined) throw new MisplacedValue(`it is a list and stands in ${WORDS[kind]}`);
      this.#script += one;
    } else if (kind === "plain" || kind === "paren" || kind === "case") {
      this.#script += count === undefined ? `"${one}"` : `"\${pipelite[@]:${index}:${count}}"`;
      this.#word += "value";
    } else throw new MisplacedValue(`it stands in ${WORDS[kind]}`);
    this.#isLineStart = false;
  }

  /** @returns the script @throws MisplacedValue when it is not finished */
  end(): string {
    this.#endWord();
    if (this.#isEscaped) throw new MisplacedValue("a backslash");
    if (this.#pending.length > 0) throw new MisplacedValue(WORDS.heredoc);
    const { kind } = this.#top;
    if (kind !== "plain" && kind !== "comment") throw new MisplacedValue(WORDS[kind]);
    return this.#script;
  }

  #isQuotedHeredoc(): boolean {
    const top = this.#top;
    return top.kind === "heredoc" && top.isQuoted;
  }

  /** @returns how many characters it took */
  #step(piece: string, at: number): number {
    const top = this.#top;
    const char = piece[at] ?? "";
    const isDollar = this.#isDollar;
    this.#isDollar = false;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      this.#isLineStart = false;
      return this.#letter("x");
    }
    if (top.kind === "heredoc") {
      const ended = this.#isLineStart ? this.#endOfHeredoc(piece, at, top) : 0;
      if (ended > 0) return ended;
      this.#isLineStart = char === "\n";
      if (top.isQuoted) return 1;
    }
    if (top.kind === "single") return char === "'" ? this.#pop() : 1;
    if (top.kind === "comment") return char === "\n" ? (this.#pop(), 0) : 1;
    if (char === "\\") {
      this.#isEscaped = true;
      return 1;
    }
    if (top.kind === "ansi") return char === "'" ? this.#pop() : 1;
    if (isDollar) {
      if (char === "(")
        return piece[at + 1] === "(" ? this.#push({ kind: "arithmetic", depth: 2 }, 2) : this.#open();
      if (char === "{") return this.#push({ kind: "brace" });
      if (char === "'" && top.kind !== "double" && top.kind !== "heredoc")
        return this.#push({ kind: "ansi" });
    }
    if (char === "$") {
      this.#isDollar = true;
      return this.#letter(char);
    }
    if (char === "`") return top.kind === "backtick" ? this.#pop() : this.#push({ kind: "backtick" });
    if (top.kind === "double") return char === '"' ? this.#pop() : 1;
    if (top.kind === "heredoc") return 1;
    return this.#outsideQuotes(piece, at, top);
  }

  #outsideQuotes(piece: string, at: number, top: Context): number {
    const char = piece[at] ?? "";
    if (char === '"') return this.#push({ kind: "double" });
    if (top.kind === "brace" && char === "}") return this.#pop();
    if (top.kind === "arithmetic") {
      if (char === "(") top.depth += 1;
      if (char === ")") top.depth -= 1;
      return top.depth === 0 ? this.#pop() : 1;
    }
    if (char === "'") return this.#push({ kind: "single" });
    if (top.kind === "brace") return 1;
    if (char === "#" && this.#word === "") return this.#push({ kind: "comment" });
    if (char === "(") {
      const isArithmetic = this.#isCommand && this.#word === "" && piece[at + 1] === "(";
      return isArithmetic ? this.#push({ kind: "arithmetic", depth: 2 }, 2) : this.#open();
    }
    if (char === ")") return this.#close();
    if (char === "<" && piece[at + 1] === "<") return this.#startHeredoc(piece, at);
    if (char === "\n") return this.#newline();
    if (" \t".includes(char)) return this.#endWord();
    if (";|&<>".includes(char)) {
      this.#endWord();
      this.#isCommand = !"<>".includes(char);
      return 1;
    }
    return this.#letter(char);
  }

  #letter(char: string): number {
    this.#word += char;
    return 1;
  }

  #push(context: Context, length = 1): number {
    this.#word += "x";
    this.#stack.push(context);
    return length;
  }

  #pop(): number {
    this.#stack.pop();
    return 1;
  }

  /** A ( in which commands stand. */
  #open(): number {
    this.#stack.push({ kind: "paren" });
    this.#word = "";
    this.#isCommand = true;
    return 1;
  }

  #close(): number {
    this.#endWord();
    const isPattern = this.#top.kind === "case";
    if (this.#top.kind === "paren") this.#stack.pop();
    this.#isCommand = isPattern;
    if (!isPattern) this.#word = "x";
    return 1;
  }

  #endWord(): number {
    const word = this.#word;
    this.#word = "";
    if (word === "") return 1;
    const isIn = word === "in" && this.#top.kind === "case";
    if (this.#isCommand && word === "case") this.#stack.push({ kind: "case" });
    if (this.#isCommand && word === "esac" && this.#top.kind === "case") this.#stack.pop();
    this.#isCommand = isIn || (this.#isCommand && OPENING.has(word));
    return 1;
  }

  #newline(): number {
    this.#endWord();
    this.#isCommand = true;
    // The first of several comes first.
    this.#stack.push(...this.#pending.toReversed());
    this.#pending = [];
    this.#isLineStart = true;
    return 1;
  }

  #startHeredoc(piece: string, at: number): number {
    this.#endWord();
    if (piece[at + 2] === "<") return 3;
    const found = /^<<(-?)[ \t]*((?:'[^']*'|"[^"]*"|\\.|[^\s'"\\;&|<>()])+)/.exec(piece.slice(at));
    if (found === null) throw new MisplacedValue("it stands where a here-document says how it ends");
    const [whole, dash, word = ""] = found;
    const delimiter = word.replaceAll(/['"\\]/g, "");
    this.#pending.push({
      kind: "heredoc",
      delimiter,
      isQuoted: delimiter !== word,
      stripsTabs: dash === "-",
    });
    return whole.length;
  }

  /** How long the line is that ends a here-document, if this is it. */
  #endOfHeredoc(
    piece: string,
    at: number,
    { delimiter, stripsTabs }: Extract<Context, { kind: "heredoc" }>,
  ): number {
    const [line = ""] = piece.slice(at).split("\n", 1);
    if ((stripsTabs ? line.replace(/^\t+/, "") : line) !== delimiter) return 0;
    this.#stack.pop();
    this.#isLineStart = true;
    return Math.max(1, line.length);
  }
}
