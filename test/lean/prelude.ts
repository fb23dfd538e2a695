// The builder of terms and exports that the flagship uses, too.
export * from "../../examples/monster-walk/lean/terms/prelude.ts";
