// Strict access to the fields of a JSON object: each is read by its type, and none may be left over.
import { refuseFormat } from "./fault.ts";

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #label: string;
  #read = 0;

  constructor(object: Readonly<Record<string, unknown>>, label: string) {
    this.#object = object;
    this.#label = label;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  #take(name: string): unknown {
    if (!this.has(name)) refuseFormat("missing-field", `Cannot find ${name} in the ${this.#label}`);
    this.#read++;
    return this.#object[name];
  }

  #refuse(name: string, wanted: string): never {
    return refuseFormat("wrong-type", `Cannot read ${name} of the ${this.#label}: it must be ${wanted}`);
  }

  /** A number of things or an index. */
  count(name: string): number {
    const value = this.#take(name);
    return isCount(value) ? value : refuseIndex(name);
  }

  counts(name: string): number[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) return this.#refuse(name, "a list of numbers");
    return value.map((item: unknown) => (isCount(item) ? item : refuseIndex(name)));
  }

  text(name: string): string {
    const value = this.#take(name);
    return typeof value === "string" && value.isWellFormed() ? value : this.#refuse(name, "a text");
  }

  flag(name: string): boolean {
    const value = this.#take(name);
    return typeof value === "boolean" ? value : this.#refuse(name, "true or false");
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#take(name);
    return values.find((one) => one === value) ?? this.#refuse(name, values.join(", "));
  }

  object(name: string): Fields {
    const value = this.#take(name);
    return isObject(value) ? new Fields(value, name) : this.#refuse(name, "an object");
  }

  objects(name: string): Fields[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) return this.#refuse(name, "a list of objects");
    return value.map((item: unknown) =>
      isObject(item) ? new Fields(item, name) : this.#refuse(name, "objects"),
    );
  }

  /** The value as it is: for the one field that has two shapes. */
  any(name: string): unknown {
    return this.#take(name);
  }

  end(): void {
    if (Object.keys(this.#object).length === this.#read) return;
    refuseFormat(
      "unknown-field",
      `Cannot read the ${this.#label}: it has fields that its kind does not have`,
    );
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function refuseIndex(name: string): never {
  return refuseFormat("bad-index", `Cannot read ${name}: it must be a whole number from 0`);
}
