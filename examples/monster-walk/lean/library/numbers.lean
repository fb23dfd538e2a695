/-! Equality and the connectives -/

/-- What holds of a holds of what is equal to a. -/
theorem carry {α : Type} {a b : α} (claim : α → Prop) (same : a = b) (proof : claim a) : claim b :=
  @Eq.rec.{0, 1} α a (fun x _ => claim x) proof b same

theorem mirror {α : Type} {a b : α} (same : a = b) : b = a := carry (fun x => x = a) same rfl

theorem chain {α : Type} {a b c : α} (one : a = b) (other : b = c) : a = c := carry (fun x => a = x) other one

/-- Equals under a function are equal. -/
theorem under {α β : Type} {a b : α} (f : α → β) (same : a = b) : f a = f b :=
  carry (fun x => f a = f x) same rfl

theorem impossible {claim : Prop} (h : False) : claim := @False.rec.{0} (fun _ => claim) h

theorem either {p q claim : Prop} (h : p ∨ q) (ifLeft : p → claim) (ifRight : q → claim) : claim :=
  @Or.rec p q (fun _ => claim) ifLeft ifRight h

theorem leftOf {p q : Prop} (h : p ∧ q) : p := @And.rec.{0} p q (fun _ => p) (fun x _ => x) h

theorem rightOf {p q : Prop} (h : p ∧ q) : q := @And.rec.{0} p q (fun _ => q) (fun _ y => y) h

theorem unpack {α : Type} {claim : α → Prop} {goal : Prop} (h : ∃ x : α, claim x) (use : ∀ x : α, claim x → goal) : goal :=
  @Exists.rec.{1} α claim (fun _ => goal) use h

/-! Induction and recursion -/

theorem bySteps (claim : Nat → Prop) (base : claim 0) (step : ∀ n : Nat, claim n → claim (n + 1)) (n : Nat) : claim n :=
  @Nat.rec.{0} claim base step n

theorem byItems {α : Type} (claim : List α → Prop) (base : claim [])
    (step : ∀ (x : α) (xs : List α), claim xs → claim (x :: xs)) (l : List α) : claim l :=
  @List.rec.{0, 0} α claim base step l

theorem byBit (claim : Bool → Prop) (ifFalse : claim false) (ifTrue : claim true) (b : Bool) : claim b :=
  @Bool.rec.{0} claim ifFalse ifTrue b

/-- Induction on b from a on. -/
theorem byGrowth {a b : Nat} (claim : Nat → Prop) (base : claim a)
    (step : ∀ m : Nat, a ≤ m → claim m → claim (m + 1)) (h : a ≤ b) : claim b :=
  @Nat.le.rec a (fun m _ => claim m) base (fun {m : Nat} (below : a ≤ m) (ih : claim m) => step m below ih) b h

def iterate {α : Type} (base : α) (step : Nat → α → α) (n : Nat) : α := @Nat.rec.{1} (fun _ => α) base step n

def fold {α β : Type} (base : β) (step : α → List α → β → β) (l : List α) : β :=
  @List.rec.{1, 0} α (fun _ => β) base step l

def pick {α : Type} (b : Bool) (ifTrue ifFalse : α) : α := @Bool.rec.{1} (fun _ => α) ifFalse ifTrue b

/-! Bits -/

theorem false_ne_true : ¬ false = true := fun h => carry (fun b => pick b False True) h True.intro

theorem and_left {a b : Bool} (h : (a && b) = true) : a = true :=
  byBit (fun x => (x && b) = true → x = true) (fun h => h) (fun _ => rfl) a h

theorem and_right {a b : Bool} (h : (a && b) = true) : b = true :=
  byBit (fun x => (x && b) = true → b = true) (fun h => impossible (false_ne_true h)) (fun h => h) a h

theorem or_cases {a b : Bool} (h : (a || b) = true) : a = true ∨ b = true :=
  byBit (fun x => (x || b) = true → x = true ∨ b = true) (fun h => Or.inr h) (fun _ => Or.inl rfl) a h

def sameBit (a b : Bool) : Bool := pick a b (!b)

theorem eq_of_sameBit (a b : Bool) : sameBit a b = true → a = b :=
  byBit (fun a => sameBit a b = true → a = b)
    (byBit (fun b => sameBit false b = true → false = b) (fun _ => rfl) (fun h => h) b)
    (byBit (fun b => sameBit true b = true → true = b) (fun h => impossible (false_ne_true h)) (fun _ => rfl) b) a

/-- Whether two lists of bits are equal. -/
def same (a : List Bool) : List Bool → Bool :=
  fold (fold true (fun (_ : Bool) _ _ => false)) (fun x _ before => fold false (fun y ys _ => sameBit x y && before ys)) a

theorem eq_of_same (a : List Bool) : ∀ b : List Bool, same a b = true → a = b :=
  byItems (fun a => ∀ b : List Bool, same a b = true → a = b)
    (byItems (fun b => same [] b = true → [] = b) (fun _ => rfl) (fun _ _ _ h => impossible (false_ne_true h)))
    (fun x xs ih => byItems (fun b => same (x :: xs) b = true → x :: xs = b) (fun h => impossible (false_ne_true h))
      (fun y ys _ h => chain (under (fun z => z :: xs) (eq_of_sameBit x y (and_left h))) (under (fun zs => y :: zs) (ih ys (and_right h)))))
    a

/-! Order -/

theorem zero_le (n : Nat) : 0 ≤ n := bySteps (fun n => 0 ≤ n) Nat.le.refl (fun n ih => Nat.le.step ih) n

theorem le_trans {a b c : Nat} (one : a ≤ b) (other : b ≤ c) : a ≤ c :=
  byGrowth (fun m => a ≤ m) one (fun m _ ih => Nat.le.step ih) other

theorem succ_le_succ {a b : Nat} (h : a ≤ b) : a + 1 ≤ b + 1 :=
  byGrowth (fun m => a + 1 ≤ m + 1) Nat.le.refl (fun m _ ih => Nat.le.step ih) h

theorem pred_le (n : Nat) : Nat.pred n ≤ n :=
  bySteps (fun n => Nat.pred n ≤ n) Nat.le.refl (fun n _ => Nat.le.step Nat.le.refl) n

theorem le_of_succ_le_succ {a b : Nat} (h : a + 1 ≤ b + 1) : a ≤ b :=
  byGrowth (fun m => a ≤ Nat.pred m) Nat.le.refl (fun m _ ih => le_trans ih (pred_le m)) h

def IsZero (n : Nat) : Prop := iterate True (fun _ _ => False) n

theorem zero_ne_succ (n : Nat) : ¬ 0 = n + 1 := fun h => carry IsZero h True.intro

theorem not_succ_le_zero (n : Nat) : ¬ n + 1 ≤ 0 :=
  fun h => (byGrowth (fun m => IsZero m → False) (fun z => z) (fun m _ _ z => z) h : IsZero 0 → False) True.intro

theorem not_succ_le (n : Nat) : ¬ n + 1 ≤ n :=
  bySteps (fun n => ¬ n + 1 ≤ n) (not_succ_le_zero 0) (fun n ih h => ih (le_of_succ_le_succ h)) n

theorem succ_inj {a b : Nat} (h : a + 1 = b + 1) : a = b := under Nat.pred h

theorem ble_sound (a : Nat) : ∀ b : Nat, Nat.ble a b = true → a ≤ b :=
  bySteps (fun a => ∀ b : Nat, Nat.ble a b = true → a ≤ b) (fun b _ => zero_le b)
    (fun a ih => bySteps (fun b => Nat.ble (a + 1) b = true → a + 1 ≤ b) (fun h => impossible (false_ne_true h))
      (fun b _ h => succ_le_succ (ih b h))) a

theorem le_of_ble {a b : Nat} (h : Nat.ble a b = true) : a ≤ b := ble_sound a b h

theorem beq_sound (a : Nat) : ∀ b : Nat, Nat.beq a b = true → a = b :=
  bySteps (fun a => ∀ b : Nat, Nat.beq a b = true → a = b)
    (bySteps (fun b => Nat.beq 0 b = true → 0 = b) (fun _ => rfl) (fun b _ h => impossible (false_ne_true h)))
    (fun a ih => bySteps (fun b => Nat.beq (a + 1) b = true → a + 1 = b) (fun h => impossible (false_ne_true h))
      (fun b _ h => under Nat.succ (ih b h))) a

theorem eq_of_beq {a b : Nat} (h : Nat.beq a b = true) : a = b := beq_sound a b h

theorem beq_self (n : Nat) : Nat.beq n n = true := bySteps (fun n => Nat.beq n n = true) rfl (fun n ih => ih) n

theorem eq_or_lt {a b : Nat} (h : a ≤ b) : a = b ∨ a + 1 ≤ b :=
  byGrowth (fun m => a = m ∨ a + 1 ≤ m) (Or.inl rfl) (fun m below _ => Or.inr (succ_le_succ below)) h

theorem le_or_lt (a : Nat) : ∀ b : Nat, a ≤ b ∨ b + 1 ≤ a :=
  bySteps (fun a => ∀ b : Nat, a ≤ b ∨ b + 1 ≤ a) (fun b => Or.inl (zero_le b))
    (fun a ih => bySteps (fun b => a + 1 ≤ b ∨ b + 1 ≤ a + 1) (Or.inr (succ_le_succ (zero_le a)))
      (fun b _ => either (ih b) (fun h => Or.inl (succ_le_succ h)) (fun h => Or.inr (succ_le_succ h)))) a

/-! Arithmetic -/

theorem zero_add (n : Nat) : 0 + n = n := bySteps (fun n => 0 + n = n) rfl (fun n ih => under Nat.succ ih) n

theorem succ_add (a b : Nat) : (a + 1) + b = (a + b) + 1 :=
  bySteps (fun b => (a + 1) + b = (a + b) + 1) rfl (fun b ih => under Nat.succ ih) b

theorem add_comm (a b : Nat) : a + b = b + a :=
  bySteps (fun b => a + b = b + a) (mirror (zero_add a)) (fun b ih => chain (under Nat.succ ih) (mirror (succ_add b a))) b

theorem add_assoc (a b c : Nat) : (a + b) + c = a + (b + c) :=
  bySteps (fun c => (a + b) + c = a + (b + c)) rfl (fun c ih => under Nat.succ ih) c

theorem add_right_comm (a b c : Nat) : (a + b) + c = (a + c) + b :=
  chain (add_assoc a b c) (chain (under (fun x => a + x) (add_comm b c)) (mirror (add_assoc a c b)))

theorem zero_mul (n : Nat) : 0 * n = 0 := bySteps (fun n => 0 * n = 0) rfl (fun n ih => ih) n

theorem succ_mul (a b : Nat) : (a + 1) * b = a * b + b :=
  bySteps (fun b => (a + 1) * b = a * b + b) rfl
    (fun b ih => under Nat.succ (chain (under (fun x => x + a) ih) (add_right_comm (a * b) b a))) b

theorem mul_comm (a b : Nat) : a * b = b * a :=
  bySteps (fun b => a * b = b * a) (mirror (zero_mul a))
    (fun b ih => chain (under (fun x => x + a) ih) (mirror (succ_mul b a))) b

theorem mul_add (a b c : Nat) : a * (b + c) = a * b + a * c :=
  bySteps (fun c => a * (b + c) = a * b + a * c) rfl
    (fun c ih => chain (under (fun x => x + a) ih) (add_assoc (a * b) (a * c) a)) c

theorem mul_assoc (a b c : Nat) : (a * b) * c = a * (b * c) :=
  bySteps (fun c => (a * b) * c = a * (b * c)) rfl
    (fun c ih => chain (under (fun x => x + a * b) ih) (mirror (mul_add a (b * c) b))) c

theorem mul_right_comm (a b c : Nat) : (a * b) * c = (a * c) * b :=
  chain (mul_assoc a b c) (chain (under (fun x => a * x) (mul_comm b c)) (mirror (mul_assoc a c b)))

theorem mul_one (n : Nat) : n * 1 = n := zero_add n

theorem one_mul (n : Nat) : 1 * n = n := chain (mul_comm 1 n) (mul_one n)

theorem ten_pow_add (a b : Nat) : 10 ^ (a + b) = 10 ^ a * 10 ^ b :=
  bySteps (fun b => 10 ^ (a + b) = 10 ^ a * 10 ^ b) (mirror (mul_one (10 ^ a)))
    (fun b ih => chain (under (fun x => x * 10) ih) (mul_assoc (10 ^ a) (10 ^ b) 10)) b

theorem le_add_right (a b : Nat) : a ≤ a + b := bySteps (fun b => a ≤ a + b) Nat.le.refl (fun b ih => Nat.le.step ih) b

theorem le_add_left (a b : Nat) : b ≤ a + b := carry (fun n => b ≤ n) (add_comm b a) (le_add_right b a)

theorem add_le_left (n : Nat) {a b : Nat} (h : a ≤ b) : n + a ≤ n + b :=
  byGrowth (fun m => n + a ≤ n + m) Nat.le.refl (fun m _ ih => Nat.le.step ih) h

theorem add_le_right {a b : Nat} (h : a ≤ b) (n : Nat) : a + n ≤ b + n :=
  bySteps (fun n => a + n ≤ b + n) h (fun n ih => succ_le_succ ih) n

theorem mul_le_left (n : Nat) {a b : Nat} (h : a ≤ b) : n * a ≤ n * b :=
  byGrowth (fun m => n * a ≤ n * m) Nat.le.refl (fun m _ ih => le_trans ih (le_add_right (n * m) n)) h

theorem mul_le_right {a b : Nat} (h : a ≤ b) (n : Nat) : a * n ≤ b * n :=
  bySteps (fun n => a * n ≤ b * n) Nat.le.refl (fun n ih => le_trans (add_le_right ih a) (add_le_left (b * n) h)) n

theorem ten_pow_le {j k : Nat} (h : j ≤ k) : 10 ^ j ≤ 10 ^ k :=
  byGrowth (fun m => 10 ^ j ≤ 10 ^ m) Nat.le.refl (fun m _ ih => le_trans ih (le_add_left (10 ^ m * 9) (10 ^ m))) h
