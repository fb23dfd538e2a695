/-! Digits -/

/-- The decimal numeral of n is the one of d with k more digits behind it, for some k. Of d = 0 it says nothing. -/
def Leads (d n : Nat) : Prop := ∃ k : Nat, d * 10 ^ k ≤ n ∧ n + 1 ≤ (d + 1) * 10 ^ k

/-- n has position + length + behind digits, and those from the position on are these. -/
def DigitsAt (n position length digits : Nat) : Prop :=
  ∃ before : Nat, ∃ behind : Nat, ∃ rest : Nat,
    n = (before * 10 ^ length + digits) * 10 ^ behind + rest ∧ rest + 1 ≤ 10 ^ behind ∧ digits + 1 ≤ 10 ^ length ∧
    n + 1 ≤ 10 ^ ((position + length) + behind) ∧ 10 ^ ((position + length) + behind) ≤ n * 10

/-! Lists -/

def length {α : Type} (l : List α) : Nat := fold 0 (fun _ _ before => before + 1) l

def append {α : Type} (a b : List α) : List α := fold b (fun x _ before => x :: before) a

def Member {α : Type} (x : α) (l : List α) : Prop := fold False (fun y _ before => x = y ∨ before) l

def each {α : Type} (test : α → Bool) (l : List α) : Bool := fold true (fun y _ before => test y && before) l

theorem each_sound {α : Type} (test : α → Bool) (l : List α) : each test l = true → ∀ x : α, Member x l → test x = true :=
  byItems (fun l => each test l = true → ∀ x : α, Member x l → test x = true) (fun _ x h => impossible h)
    (fun y ys ih h x among => either among
      (fun same => carry (fun z => test z = true) (mirror same) (and_left h))
      (fun later => ih (and_right h) x later)) l

def has (x : Nat) (l : List Nat) : Bool := fold false (fun y _ before => Nat.beq x y || before) l

theorem has_sound (x : Nat) (l : List Nat) : has x l = true → Member x l :=
  byItems (fun l => has x l = true → Member x l) (fun h => false_ne_true h)
    (fun y ys ih h => either (or_cases h) (fun same => Or.inl (eq_of_beq same)) (fun later => Or.inr (ih later))) l

def product (l : List Nat) : Nat := fold 1 (fun x _ before => x * before) l

/-- Each number is larger than all behind it. -/
def descending (l : List Nat) : Bool := fold true (fun x xs before => each (fun y => Nat.ble (y + 1) x) xs && before) l

/-! Primes -/

def Divides (d n : Nat) : Prop := ∃ k : Nat, n = d * k

def IsPrime (p : Nat) : Prop := 2 ≤ p ∧ ∀ d : Nat, 2 ≤ d → d + 1 ≤ p → ¬ Divides d p

def allBelow (n : Nat) (test : Nat → Bool) : Bool := iterate true (fun i before => test i && before) n

theorem allBelow_sound (n : Nat) (test : Nat → Bool) : allBelow n test = true → ∀ i : Nat, i + 1 ≤ n → test i = true :=
  bySteps (fun n => allBelow n test = true → ∀ i : Nat, i + 1 ≤ n → test i = true)
    (fun _ i h => impossible (not_succ_le_zero i h))
    (fun n ih h i below => either (eq_or_lt (le_of_succ_le_succ below))
      (fun same => carry (fun m => test m = true) (mirror same) (and_left h))
      (fun less => ih (and_right h) i less)) n

/-- d is not looked at, or is no divisor. -/
def passes (p d : Nat) : Bool :=
  Nat.ble d 1 || (Nat.ble (p + 1) (d * d) || allBelow (p + 1) (fun k => !(Nat.beq (d * k) p)))

/-- Compares p with d * k for each d of which the square is at most p, and each k up to p. -/
def primeTest (p : Nat) : Bool := Nat.ble 2 p && allBelow p (passes p)

theorem le_mul {d : Nat} (positive : 1 ≤ d) (k : Nat) : k ≤ d * k :=
  carry (fun n => n ≤ d * k) (one_mul k) (mul_le_right positive k)

theorem no_small_divisor {p d k : Nat} (tested : allBelow p (passes p) = true) (two : 2 ≤ d) (less : d + 1 ≤ p)
    (small : d * d ≤ p) : ¬ p = d * k :=
  fun whole => either (or_cases (allBelow_sound p (passes p) tested d less))
    (fun one => not_succ_le 1 (le_trans two (le_of_ble one)))
    (fun passed => either (or_cases passed)
      (fun large => not_succ_le p (le_trans (le_of_ble large) small))
      (fun looked => false_ne_true (carry (fun b => (!b) = true) (beq_self (d * k))
        (carry (fun n => (!(Nat.beq (d * k) n)) = true) whole
          (allBelow_sound (p + 1) (fun k => !(Nat.beq (d * k) p)) looked k
            (succ_le_succ (carry (fun n => k ≤ n) (mirror whole) (le_mul (le_trans (Nat.le.step Nat.le.refl) two) k))))))))

theorem cofactor_less {p d k : Nat} (whole : p = d * k) (large : p + 1 ≤ d * d) : k + 1 ≤ d :=
  either (le_or_lt d k)
    (fun h => impossible (not_succ_le p (le_trans large (carry (fun n => d * d ≤ n) (mirror whole) (mul_le_left d h)))))
    (fun h => h)

theorem cofactor_two {p d k : Nat} (whole : p = d * k) (less : d + 1 ≤ p) : 2 ≤ k :=
  either (le_or_lt 2 k) (fun h => h)
    (fun h => impossible (not_succ_le d (le_trans less
      (carry (fun n => n ≤ d) (mirror whole) (carry (fun n => d * k ≤ n) (mul_one d) (mul_le_left d (le_of_succ_le_succ h)))))))

/-- The test is right: of two factors the smaller one has been looked at. -/
theorem prime_of_test {p : Nat} (h : primeTest p = true) : IsPrime p :=
  ⟨le_of_ble (and_left h), fun d two less divides => unpack divides (fun k whole => either (le_or_lt (d * d) p)
    (fun small => no_small_divisor (and_right h) two less small whole)
    (fun large => no_small_divisor (and_right h) (cofactor_two whole less)
      (le_trans (cofactor_less whole large) (le_trans (Nat.le.step Nat.le.refl) less))
      (carry (fun n => k * k ≤ n) (mirror (chain whole (mul_comm d k)))
        (mul_le_left k (le_trans (Nat.le.step Nat.le.refl) (cofactor_less whole large))))
      (chain whole (mul_comm d k))))⟩
