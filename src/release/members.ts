// Readers of members of signed predicates and policies: what is missing or of another type is named.
import { isObject, type Members } from "#base/strict-json.ts";
import { pipeliteError } from "#sigstore/errors.ts";

export function requireMembers(value: unknown, where: string): Members {
  if (!isObject(value)) return refuse(where, "no object");
  return value;
}

export function requireTextMember(members: Members, name: string): string {
  const value = members[name];
  return typeof value === "string" ? value : refuse(name, "no text");
}

export function optionalTextMember(members: Members, name: string): string | undefined {
  return members[name] === undefined ? undefined : requireTextMember(members, name);
}

function refuse(name: string, problem: string): never {
  throw pipeliteError("STATEMENT_INVALID", { problem: `${name} is ${problem}` });
}
