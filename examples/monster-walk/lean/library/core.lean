-- What the theorems use of Lean's core besides its types and arithmetic. Lean has these already: the export declares them.

def Not (a : Prop) : Prop := a → False
def Nat.lt (n m : Nat) : Prop := n + 1 ≤ m
def and (x y : Bool) : Bool := @Bool.rec.{1} (fun _ => Bool) false y x
def or (x y : Bool) : Bool := @Bool.rec.{1} (fun _ => Bool) y true x
def not (x : Bool) : Bool := @Bool.rec.{1} (fun _ => Bool) true false x
