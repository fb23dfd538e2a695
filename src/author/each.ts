// Fan-out over what an earlier stage wrote: a JSON array that is known only when that stage has run.
import type { Reader } from "./files.ts";
import {
  collected,
  handleOf,
  isFileOf,
  type AnyNode,
  type Each,
  type EachOptions,
  type FileOf,
  type Node,
} from "./nodes.ts";
import { knownOptions } from "./options.ts";
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";

/** What may be made of an item. */
type Made = AnyNode<never> | FileOf | Each<unknown>;

/** How whoever takes the list reads one of what was made. */
type ReaderOf<M> =
  M extends Each<infer E>
    ? E[]
    : M extends Node<infer F>
      ? Reader<F>
      : Reader<Readonly<Record<string, unknown>>>;

/** A file, or a node that is one, of which the compiler does not know what is in it. */
type Untyped<T> = (FileOf<never, T> & (unknown extends T ? unknown : never)) | Node;

/**
 * One node for each item of a JSON array that a stage wrote, made when that is there: `make` is called with every item, and
 * what it returns is collected, in the order of the array, as one input of others. An item is called by its own value (a text
 * or number), else by its property `key`, `id` or `name`, else by its position.
 */
export function each<I, M extends Made>(
  items: FileOf<never, readonly I[]>,
  make: (item: I, index: number) => M,
  options?: EachOptions<I>,
): Each<ReaderOf<M>>;
/** The same for a file that no stage of this pipeline typed: say what an item is where `make` takes it. */
export function each<T, I, M extends Made>(
  items: Untyped<T>,
  make: (item: I, index: number) => M,
  options?: EachOptions<I>,
): Each<ReaderOf<M>>;
export function each(
  items: AnyNode<never> | FileOf,
  make: (item: never, index: number) => Made,
  options: EachOptions<never> = {},
): Each<unknown> {
  const place = callerPlace();
  if (typeof make !== "function") throw pipeliteError("EACH_WITHOUT_FUNCTION", { place });
  knownOptions(options, ["name", "key"], place);
  const from = isFileOf(items) ? { node: items.node, file: items.name } : { node: handleOf(items) };
  return collected({ kind: "each", place, from, make, options });
}
