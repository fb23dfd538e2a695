// What passes between stages: a stage returns files, and whoever depends on it reads those files. The types follow the
// returned object, so that a wrong file name or a wrong field is a compile error and nothing is declared twice.

/** What one file of an output may be made of: bytes and text as they are, anything else as pretty canonical JSON. */
export type FileContent = Uint8Array | string | object | number | boolean | null;

/** What a stage returns: relative file name -> content. */
export type Files = Readonly<Record<string, FileContent>>;

type JsonName<F> = { [K in keyof F & string]: F[K] extends Uint8Array | string ? never : K }[keyof F &
  string];

/** The files of one input, as a stage sees them. `F` are the files that the stage behind it returns. */
export interface Reader<F> {
  /** Absolute path of the output: a folder, or a single file for a downloaded file or a file source. */
  readonly path: string;
  /** Absolute path of one file. */
  file(name: keyof F & string): string;
  /** A JSON file, parsed, with the type it was returned with. */
  json<K extends JsonName<F>>(name: K): Promise<F[K]>;
  /** A file as UTF-8 text; without a name, the input itself when it is one file. */
  text(name?: keyof F & string): Promise<string>;
  /** A file as bytes; without a name, the input itself when it is one file. */
  bytes(name?: keyof F & string): Promise<Uint8Array>;
}

/** The output of another stage, as an input: `Input<typeof proof>` after `import type proof from "./proof.ts"`. */
export type Input<Stage extends (...args: never[]) => unknown> = Reader<Awaited<ReturnType<Stage>>>;

/** A file or folder that no stage made (a source, a downloaded file, the output of a command), as an input. */
export type Source = Reader<Readonly<Record<string, unknown>>>;

/** The second argument of a stage function. */
export interface StageContext {
  /** Where the output is to appear, for a stage that writes it itself instead of returning files. */
  readonly out: string;
  /** An empty folder for the stage's own use. */
  readonly temp: string;
  /** How many processor cores the stage may use. */
  readonly cores: number;
}
