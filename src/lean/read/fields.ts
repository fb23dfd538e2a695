// Strict access to the fields of a JSON object: each is read by its type, and none may be left over.
import { refuseFormat } from "#lean/fault.ts";
import type { ExportJson, JsonObject } from "./json.ts";

export function isJsonObject(value: ExportJson | undefined): value is JsonObject {
  return value instanceof Map;
}

export class Fields {
  readonly #object: JsonObject;
  readonly #label: string;
  #read = 0;

  constructor(object: JsonObject, label: string) {
    this.#object = object;
    this.#label = label;
  }

  has(name: string): boolean {
    return this.#object.has(name);
  }

  #take(name: string): ExportJson {
    const value = this.#object.get(name);
    if (value === undefined)
      return refuseFormat("missing-field", `Cannot find ${name} in the ${this.#label}`);
    this.#read++;
    return value;
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
    if (!isJsonList(value)) return this.#refuse(name, "a list of numbers");
    return value.map((item: ExportJson) => (isCount(item) ? item : refuseIndex(name)));
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
    return isJsonObject(value) ? new Fields(value, name) : this.#refuse(name, "an object");
  }

  objects(name: string): Fields[] {
    const value = this.#take(name);
    if (!isJsonList(value)) return this.#refuse(name, "a list of objects");
    return value.map((item: ExportJson) =>
      isJsonObject(item) ? new Fields(item, name) : this.#refuse(name, "objects"),
    );
  }

  /** The value without counting it as read. */
  peek(name: string): ExportJson {
    return this.#object.get(name) ?? null;
  }

  /** The value as it is: for the one field that has two shapes. */
  any(name: string): ExportJson {
    return this.#take(name);
  }

  end(): void {
    if (this.#object.size === this.#read) return;
    refuseFormat(
      "unknown-field",
      `Cannot read the ${this.#label}: it has fields that its kind does not have`,
    );
  }
}

export function isJsonList(value: ExportJson): value is readonly ExportJson[] {
  return Array.isArray(value);
}

function isCount(value: ExportJson): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function refuseIndex(name: string): never {
  return refuseFormat("bad-index", `Cannot read ${name}: it must be a whole number from 0`);
}
