// One at a time, in the order in which they were asked for: a build beside another one would be another one, for what counts processes or
// has them race.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(action: () => Promise<T>): Promise<T> {
    const taken = this.#last.then(action);
    this.#last = taken.catch(() => undefined);
    return taken;
  }
}
