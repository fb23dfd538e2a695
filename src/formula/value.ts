/** What a formula works on: what JSON holds. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
