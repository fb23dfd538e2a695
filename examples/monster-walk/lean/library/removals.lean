/-! Choices of values: a bit for each -/

/-- The product of the values whose bit is true. -/
def chosen (values : List Nat) : List Bool → Nat :=
  fold (fun (_ : List Bool) => 1)
    (fun value _ before => fold 1 (fun bit rest _ => pick bit (value * before rest) (before rest))) values

/-- The number of bits that are true. -/
def count (s : List Bool) : Nat := fold 0 (fun bit _ n => pick bit (n + 1) n) s

/-- The choice of all that a choice leaves. -/
def others (s : List Bool) : List Bool := fold [] (fun bit _ before => (!bit) :: before) s

/-- As many bits as there are values; missing ones are false. -/
def firstBits (values : List Nat) : List Bool → List Bool :=
  fold (fun (_ : List Bool) => ([] : List Bool))
    (fun _ _ before => fold (false :: before []) (fun bit rest _ => bit :: before rest)) values

/-- The bits behind as many as there are values. -/
def rest (values : List Nat) : List Bool → List Bool :=
  fold (fun (s : List Bool) => s) (fun _ _ before => fold (before []) (fun _ more _ => before more)) values

theorem chosen_nothing (values : List Nat) : chosen values [] = 1 :=
  byItems (fun values => chosen values [] = 1) rfl (fun _ _ _ => rfl) values

theorem rest_nothing (values : List Nat) : rest values [] = [] :=
  byItems (fun values => rest values [] = []) rfl (fun _ _ ih => ih) values

theorem chosen_first (values : List Nat) : ∀ s : List Bool, chosen values (firstBits values s) = chosen values s :=
  byItems (fun values => ∀ s : List Bool, chosen values (firstBits values s) = chosen values s) (fun _ => rfl)
    (fun v vs ih => byItems (fun s => chosen (v :: vs) (firstBits (v :: vs) s) = chosen (v :: vs) s)
      (chain (ih []) (chosen_nothing vs))
      (fun x xs _ => byBit (fun x => chosen (v :: vs) (firstBits (v :: vs) (x :: xs)) = chosen (v :: vs) (x :: xs))
        (ih xs) (under (fun n => v * n) (ih xs)) x)) values

theorem move_left {a v b all : Nat} (whole : a * b = all) : a * (v * b) = v * all :=
  chain (mirror (mul_assoc a v b)) (chain (under (fun n => n * b) (mul_comm a v))
    (chain (mul_assoc v a b) (under (fun n => v * n) whole)))

/-- The product of a choice, times the product of the others, is the product of all. -/
theorem chosen_others (values : List Nat) :
    ∀ s : List Bool, length s = length values → chosen values s * chosen values (others s) = product values :=
  byItems (fun values => ∀ s : List Bool, length s = length values → chosen values s * chosen values (others s) = product values)
    (byItems (fun s => length s = 0 → chosen [] s * chosen [] (others s) = product []) (fun _ => rfl)
      (fun _ xs _ full => impossible (zero_ne_succ (length xs) (mirror full))))
    (fun v vs ih => byItems
      (fun s => length s = length (v :: vs) → chosen (v :: vs) s * chosen (v :: vs) (others s) = product (v :: vs))
      (fun full => impossible (zero_ne_succ (length vs) full))
      (fun x xs _ full => byBit
        (fun x => chosen (v :: vs) (x :: xs) * chosen (v :: vs) (others (x :: xs)) = product (v :: vs))
        (move_left (ih xs (succ_inj full)))
        (chain (mul_assoc v (chosen vs xs) (chosen vs (others xs))) (under (fun n => v * n) (ih xs (succ_inj full)))) x))
    values

/-- The product of a choice is the product of its two parts. -/
theorem chosen_append (front back : List Nat) :
    ∀ s : List Bool, chosen (append front back) s = chosen front s * chosen back (rest front s) :=
  byItems (fun front => ∀ s : List Bool, chosen (append front back) s = chosen front s * chosen back (rest front s))
    (fun s => mirror (one_mul (chosen back s)))
    (fun v vs ih => byItems
      (fun s => chosen (append (v :: vs) back) s = chosen (v :: vs) s * chosen back (rest (v :: vs) s))
      (mirror (chain (one_mul (chosen back (rest vs [])))
        (chain (under (fun s => chosen back s) (rest_nothing vs)) (chosen_nothing back))))
      (fun x xs _ => byBit
        (fun x => chosen (append (v :: vs) back) (x :: xs) = chosen (v :: vs) (x :: xs) * chosen back (rest (v :: vs) (x :: xs)))
        (ih xs)
        (chain (under (fun n => v * n) (ih xs)) (mirror (mul_assoc v (chosen vs xs) (chosen back (rest vs xs))))) x))
    front

theorem firstBits_all (values : List Nat) : ∀ s : List Bool, length s = length values → firstBits values s = s :=
  byItems (fun values => ∀ s : List Bool, length s = length values → firstBits values s = s)
    (byItems (fun s => length s = 0 → firstBits [] s = s) (fun _ => rfl)
      (fun _ xs _ full => impossible (zero_ne_succ (length xs) (mirror full))))
    (fun v vs ih => byItems (fun s => length s = length (v :: vs) → firstBits (v :: vs) s = s)
      (fun full => impossible (zero_ne_succ (length vs) full))
      (fun x xs _ full => under (fun l => x :: l) (ih xs (succ_inj full)))) values

/-- A choice of all values is the choices of both parts, one behind the other. -/
theorem bits_join (front back : List Nat) : ∀ s : List Bool, length s = length (append front back) →
    append (firstBits front s) (firstBits back (rest front s)) = s :=
  byItems (fun front => ∀ s : List Bool, length s = length (append front back) →
      append (firstBits front s) (firstBits back (rest front s)) = s)
    (fun s full => firstBits_all back s full)
    (fun v vs ih => byItems (fun s => length s = length (append (v :: vs) back) →
        append (firstBits (v :: vs) s) (firstBits back (rest (v :: vs) s)) = s)
      (fun full => impossible (zero_ne_succ (length (append vs back)) full))
      (fun x xs _ full => under (fun l => x :: l) (ih xs (succ_inj full)))) front

/-- Whether a test of product and bits holds for all choices: a search by computation. -/
def everyChoice (values : List Nat) : (Nat → List Bool → Bool) → Bool :=
  fold (fun (test : Nat → List Bool → Bool) => test 1 [])
    (fun value _ before test =>
      before (fun n s => test n (false :: s)) && before (fun n s => test (value * n) (true :: s))) values

theorem everyChoice_sound (values : List Nat) : ∀ test : Nat → List Bool → Bool, everyChoice values test = true →
    ∀ s : List Bool, test (chosen values s) (firstBits values s) = true :=
  byItems (fun values => ∀ test : Nat → List Bool → Bool, everyChoice values test = true →
      ∀ s : List Bool, test (chosen values s) (firstBits values s) = true)
    (fun test h s => h)
    (fun v vs ih test h => byItems (fun s => test (chosen (v :: vs) s) (firstBits (v :: vs) s) = true)
      (carry (fun n => test n (false :: firstBits vs []) = true) (chosen_nothing vs)
        (ih (fun n s => test n (false :: s)) (and_left h) []))
      (fun x xs _ => byBit (fun x => test (chosen (v :: vs) (x :: xs)) (firstBits (v :: vs) (x :: xs)) = true)
        (ih (fun n s => test n (false :: s)) (and_left h) xs)
        (ih (fun n s => test (v * n) (true :: s)) (and_right h) xs) x)) values

/-! Zeros behind a number, as many as leave it at most a bound: then only the first digits tell numbers apart -/

def scale (counts : List Nat) (most : Nat) : Nat → Nat :=
  fold (fun (n : Nat) => n)
    (fun zeros _ before n => before (pick (Nat.ble (n * 10 ^ zeros) most) (n * 10 ^ zeros) n)) counts

theorem scale_is_scaled (counts : List Nat) (most : Nat) : ∀ n : Nat, ∃ e : Nat, scale counts most n = n * 10 ^ e :=
  byItems (fun counts => ∀ n : Nat, ∃ e : Nat, scale counts most n = n * 10 ^ e) (fun n => ⟨0, mirror (mul_one n)⟩)
    (fun zeros more ih n => byBit (fun b => ∃ e : Nat, scale more most (pick b (n * 10 ^ zeros) n) = n * 10 ^ e) (ih n)
      (unpack (ih (n * 10 ^ zeros)) (fun e h => ⟨zeros + e, chain h (chain (mul_assoc n (10 ^ zeros) (10 ^ e))
        (under (fun x => n * x) (mirror (ten_pow_add zeros e))))⟩))
      (Nat.ble (n * 10 ^ zeros) most)) counts

/-! When a product leaves no quotient that begins with the lead.

With a * b * q = order and lead * 10^k ≤ q < (lead + 1) * 10^k, the product a * b * 10^k lies between order / (lead + 1) and
order / lead. x = a * 10^m and c = b * 10^e have zeros behind; so x * c, too, would lie there, times a power of ten. It does
not when some order * 10^g is at least x * (lead + 1) * c and less than ten times x * lead * c. -/

def Apart (order lead x c : Nat) : Prop :=
  ∃ g : Nat, (x * (lead + 1)) * c ≤ order * 10 ^ g ∧ order * 10 ^ g + 1 ≤ ((x * lead) * c) * 10

theorem no_room (n j : Nat) : ¬ (n + 1) * 10 ^ j ≤ n * 10 ^ j :=
  fun h => not_succ_le (n * 10 ^ j) (le_trans (carry (fun x => n * 10 ^ j + 1 ≤ x) (mirror (succ_mul n (10 ^ j)))
    (add_le_left (n * 10 ^ j) (ten_pow_le (zero_le j)))) h)

theorem mul_swap (a b c d : Nat) : (a * b) * (c * d) = (a * c) * (b * d) :=
  chain (mul_assoc a b (c * d)) (chain (under (fun x => a * x)
    (chain (mirror (mul_assoc b c d)) (chain (under (fun x => x * d) (mul_comm b c)) (mul_assoc c b d))))
    (mirror (mul_assoc a c (b * d))))

theorem spread (a b m e l j : Nat) :
    (((a * 10 ^ m) * l) * (b * 10 ^ e)) * 10 ^ j = ((a * b) * (l * 10 ^ j)) * 10 ^ (m + e) :=
  chain (under (fun x => (x * (b * 10 ^ e)) * 10 ^ j) (mul_right_comm a (10 ^ m) l))
    (chain (under (fun x => x * 10 ^ j) (mul_swap (a * l) (10 ^ m) b (10 ^ e)))
    (chain (under (fun x => (x * (10 ^ m * 10 ^ e)) * 10 ^ j) (mul_right_comm a l b))
    (chain (mul_right_comm ((a * b) * l) (10 ^ m * 10 ^ e) (10 ^ j))
    (chain (under (fun x => x * (10 ^ m * 10 ^ e)) (mul_assoc (a * b) l (10 ^ j)))
      (under (fun x => ((a * b) * (l * 10 ^ j)) * x) (mirror (ten_pow_add m e)))))))

theorem spread_of {a b x c m e : Nat} (hx : x = a * 10 ^ m) (hc : c = b * 10 ^ e) (l j : Nat) :
    ((x * l) * c) * 10 ^ j = ((a * b) * (l * 10 ^ j)) * 10 ^ (m + e) :=
  chain (under (fun n => ((n * l) * c) * 10 ^ j) hx)
    (chain (under (fun n => (((a * 10 ^ m) * l) * n) * 10 ^ j) hc) (spread a b m e l j))

theorem positive_factor {r q order : Nat} (whole : r * q = order) (positive : 1 ≤ order) : 1 ≤ r :=
  either (le_or_lt r 0)
    (fun h => impossible (not_succ_le_zero 0 (le_trans positive
      (carry (fun n => n ≤ 0) whole (carry (fun n => r * q ≤ n) (zero_mul q) (mul_le_right h q))))))
    (fun h => h)

theorem order_below {r q order : Nat} (whole : r * q = order) (positive : 1 ≤ order) : order + 1 ≤ r * (q + 1) :=
  carry (fun n => n + 1 ≤ r * (q + 1)) whole (add_le_left (r * q) (positive_factor whole positive))

theorem regroup (o g k : Nat) : (o * 10 ^ g) * 10 ^ k = o * 10 ^ (g + k) :=
  chain (mul_assoc o (10 ^ g) (10 ^ k)) (under (fun x => o * x) (mirror (ten_pow_add g k)))

/-- Too many zeros: (o + 1) * 10^u ≤ w * 10^k, but w ≤ o * 10^g, and g + k ≤ u. -/
theorem too_many {o w u k g : Nat} (reached : (o + 1) * 10 ^ u ≤ w * 10 ^ k) (bound : w ≤ o * 10 ^ g) (many : g + k ≤ u) : False :=
  no_room o u (le_trans reached (le_trans (mul_le_right bound (10 ^ k))
    (carry (fun n => n ≤ o * 10 ^ u) (mirror (regroup o g k)) (mul_le_left o (ten_pow_le many)))))

/-- Too few: w * 10^k ≤ o * 10^u, but o * 10^g < w * 10, and u < g + k. -/
theorem too_few {o w u k g : Nat} (reached : w * 10 ^ k ≤ o * 10 ^ u) (bound : o * 10 ^ g + 1 ≤ w * 10) (few : u + 1 ≤ g + k) : False :=
  no_room (o * 10 ^ g) k (le_trans (mul_le_right bound (10 ^ k))
    (carry (fun n => n ≤ (o * 10 ^ g) * 10 ^ k) (mul_right_comm w (10 ^ k) 10)
      (carry (fun n => (w * 10 ^ k) * 10 ≤ n) (mirror (regroup o g k))
        (le_trans (mul_le_right reached 10)
          (carry (fun n => n ≤ o * 10 ^ (g + k)) (mirror (mul_assoc o (10 ^ u) 10)) (mul_le_left o (ten_pow_le few)))))))

theorem apart_sound {order lead a b q x c m e : Nat} (hx : x = a * 10 ^ m) (hc : c = b * 10 ^ e)
    (whole : (a * b) * q = order) (positive : 1 ≤ order) (apart : Apart order lead x c) : ¬ Leads lead q :=
  fun leads => unpack apart (fun g bounds => unpack leads (fun k within => either (le_or_lt (g + k) (m + e))
    (fun many => too_many
      (carry (fun n => (order + 1) * 10 ^ (m + e) ≤ n) (mirror (spread_of hx hc (lead + 1) k))
        (mul_le_right (le_trans (order_below whole positive) (mul_le_left (a * b) (rightOf within))) (10 ^ (m + e))))
      (leftOf bounds) many)
    (fun few => too_few
      (carry (fun n => n ≤ order * 10 ^ (m + e)) (mirror (spread_of hx hc lead k))
        (mul_le_right (carry (fun n => (a * b) * (lead * 10 ^ k) ≤ n) whole (mul_le_left (a * b) (leftOf within))) (10 ^ (m + e))))
      (rightOf bounds) few)))

theorem refuted {front back counts : List Nat} {mostFront mostBack order lead q : Nat} {s : List Bool}
    (positive : 1 ≤ order) (whole : chosen (append front back) s * q = order)
    (apart : Apart order lead (scale counts mostFront (chosen front s)) (scale counts mostBack (chosen back (rest front s)))) :
    ¬ Leads lead q :=
  unpack (scale_is_scaled counts mostFront (chosen front s)) (fun m hx =>
    unpack (scale_is_scaled counts mostBack (chosen back (rest front s))) (fun e hc =>
      apart_sound hx hc (chain (under (fun n => n * q) (mirror (chosen_append front back s))) whole) positive apart))

/-- near and far are the order with zeros. -/
def Limits (order near far : Nat) : Prop := ∃ g : Nat, near = order * 10 ^ g ∧ far = order * 10 ^ (g + 1)

/-- The limit lies between. -/
def gap (lead limit x c : Nat) : Bool :=
  Nat.ble ((x * (lead + 1)) * c) limit && Nat.ble (limit + 1) (((x * lead) * c) * 10)

theorem gap_sound {order lead g limit x c : Nat} (isLimit : limit = order * 10 ^ g) (h : gap lead limit x c = true) :
    Apart order lead x c :=
  ⟨g, carry (fun n => (x * (lead + 1)) * c ≤ n) isLimit (le_of_ble (and_left h)),
    carry (fun n => n + 1 ≤ ((x * lead) * c) * 10) isLimit (le_of_ble (and_right h))⟩

theorem gaps_sound {order lead near far x c : Nat} (limits : Limits order near far)
    (h : (gap lead near x c || gap lead far x c) = true) : Apart order lead x c :=
  unpack limits (fun g both => either (or_cases h)
    (fun one => gap_sound (leftOf both) one) (fun other => gap_sound (rightOf both) other))

/-! Search trees -/

/-- Search trees of numbers. -/
inductive Tree where
  | leaf : Tree
  | node : Tree → Nat → Tree → Tree

def treeFold {α : Type} (base : α) (step : Tree → Nat → Tree → α → α → α) (t : Tree) : α :=
  @Tree.rec.{1} (fun _ => α) base step t

theorem byTree (claim : Tree → Prop) (base : claim Tree.leaf)
    (step : ∀ (l : Tree) (c : Nat) (r : Tree), claim l → claim r → claim (Tree.node l c r)) (t : Tree) : claim t :=
  @Tree.rec.{0} claim base step t

def InTree (y : Nat) (t : Tree) : Prop := treeFold False (fun _ c _ inLeft inRight => inLeft ∨ (y = c ∨ inRight)) t

def find (y : Nat) (t : Tree) : Bool :=
  treeFold false (fun _ c _ inLeft inRight => Nat.beq y c || pick (Nat.ble y c) inLeft inRight) t

theorem find_sound (y : Nat) (t : Tree) : find y t = true → InTree y t :=
  byTree (fun t => find y t = true → InTree y t) (fun h => false_ne_true h)
    (fun l c r left right h => either (or_cases h) (fun here => Or.inr (Or.inl (eq_of_beq here)))
      (fun deeper => byBit (fun b => pick b (find y l) (find y r) = true → InTree y (Tree.node l c r))
        (fun h => Or.inr (Or.inr (right h))) (fun h => Or.inl (left h)) (Nat.ble y c) deeper)) t

/-- Whether all numbers are from low to high, those on the left at most the root, those on the right at least. -/
def ordered (t : Tree) : Nat → Nat → Bool :=
  treeFold (fun (_ : Nat) (_ : Nat) => true)
    (fun _ c _ left right low high => (Nat.ble low c && Nat.ble c high) && (left low c && right c high)) t

theorem within (y : Nat) (t : Tree) : ∀ (low high : Nat), ordered t low high = true → InTree y t → low ≤ y ∧ y ≤ high :=
  byTree (fun t => ∀ (low high : Nat), ordered t low high = true → InTree y t → low ≤ y ∧ y ≤ high)
    (fun low high _ h => impossible h)
    (fun l c r left right low high h among => either among
      (fun it => ⟨leftOf (left low c (and_left (and_right h)) it),
        le_trans (rightOf (left low c (and_left (and_right h)) it)) (le_of_ble (and_right (and_left h)))⟩)
      (fun more => either more
        (fun here => carry (fun n => low ≤ n ∧ n ≤ high) (mirror here)
          ⟨le_of_ble (and_left (and_left h)), le_of_ble (and_right (and_left h))⟩)
        (fun it => ⟨le_trans (le_of_ble (and_left (and_left h))) (leftOf (right c high (and_right (and_right h)) it)),
          rightOf (right c high (and_right (and_right h)) it)⟩))) t

/-- Whether no number is inside of a range: goes right of a number before it, left of one past it. -/
def sweep (byNext byLead near : Nat) (t : Tree) : Bool :=
  treeFold true (fun _ c _ left right =>
    (Nat.ble (byNext * c) near && right) || (Nat.ble (near + 1) (byLead * c) && left)) t

theorem sweep_sound {byNext byLead near y : Nat} (t : Tree) : ∀ (low high : Nat), ordered t low high = true →
    sweep byNext byLead near t = true → InTree y t → byNext * y ≤ near ∨ near + 1 ≤ byLead * y :=
  byTree (fun t => ∀ (low high : Nat), ordered t low high = true →
      sweep byNext byLead near t = true → InTree y t → byNext * y ≤ near ∨ near + 1 ≤ byLead * y)
    (fun low high _ _ h => impossible h)
    (fun l c r left right low high isOrdered h among => either (or_cases h)
      (fun down => either among
        (fun it => Or.inl (le_trans (mul_le_left byNext (rightOf (within y l low c (and_left (and_right isOrdered)) it)))
          (le_of_ble (and_left down))))
        (fun more => either more
          (fun here => Or.inl (carry (fun n => byNext * n ≤ near) (mirror here) (le_of_ble (and_left down))))
          (fun it => right c high (and_right (and_right isOrdered)) (and_right down) it)))
      (fun up => either among
        (fun it => left low c (and_left (and_right isOrdered)) (and_right up) it)
        (fun more => either more
          (fun here => Or.inr (carry (fun n => near + 1 ≤ byLead * n) (mirror here) (le_of_ble (and_left up))))
          (fun it => Or.inr (le_trans (le_of_ble (and_left up))
            (mul_le_left byLead (leftOf (within y r c high (and_right (and_right isOrdered)) it)))))))) t

/-- x is apart from every number of a tree, of which the least and the greatest are given. -/
def clear (lead near far least greatest : Nat) (t : Tree) (x : Nat) : Bool :=
  sweep (x * (lead + 1)) (x * lead) near t &&
    (Nat.ble ((x * (lead + 1)) * greatest) far && Nat.ble (near + 1) (((x * lead) * least) * 10))

theorem tenfold (o g : Nat) : o * 10 ^ (g + 1) + 1 ≤ (o * 10 ^ g + 1) * 10 :=
  carry (fun n => o * 10 ^ (g + 1) + 1 ≤ n) (mirror (succ_mul (o * 10 ^ g) 10))
    (carry (fun n => n + 1 ≤ (o * 10 ^ g) * 10 + 10) (mul_assoc o (10 ^ g) 10)
      (succ_le_succ (le_add_right ((o * 10 ^ g) * 10) 9)))

theorem clear_sound {order lead near far least greatest x c : Nat} {t : Tree} (limits : Limits order near far)
    (isOrdered : ordered t least greatest = true) (h : clear lead near far least greatest t x = true)
    (found : find c t = true) : Apart order lead x c :=
  unpack limits (fun g both => either (sweep_sound t least greatest isOrdered (and_left h) (find_sound c t found))
    (fun before => ⟨g, carry (fun n => (x * (lead + 1)) * c ≤ n) (leftOf both) before,
      carry (fun n => n + 1 ≤ ((x * lead) * c) * 10) (leftOf both) (le_trans (le_of_ble (and_right (and_right h)))
        (mul_le_right (mul_le_left (x * lead) (leftOf (within c t least greatest isOrdered (find_sound c t found)))) 10))⟩)
    (fun past => ⟨g + 1, carry (fun n => (x * (lead + 1)) * c ≤ n) (rightOf both)
        (le_trans (mul_le_left (x * (lead + 1)) (rightOf (within c t least greatest isOrdered (find_sound c t found))))
          (le_of_ble (and_left (and_right h)))),
      le_trans (tenfold order g) (mul_le_right (carry (fun n => n + 1 ≤ (x * lead) * c) (leftOf both) past) 10)⟩))

/-! Pairs -/

/-- p and e stand at the same place of two lists. -/
def PairIn (p e : Nat) (ps : List Nat) : List Nat → Prop :=
  fold (fun (_ : List Nat) => False) (fun q _ before => fold False (fun f more _ => (p = q ∧ e = f) ∨ before more)) ps

def eachPair (test : Nat → Nat → Bool) (ps : List Nat) : List Nat → Bool :=
  fold (fun (_ : List Nat) => true) (fun q _ before => fold true (fun f more _ => test q f && before more)) ps

theorem eachPair_sound (test : Nat → Nat → Bool) (ps : List Nat) : ∀ es : List Nat, eachPair test ps es = true →
    ∀ (p e : Nat), PairIn p e ps es → test p e = true :=
  byItems (fun ps => ∀ es : List Nat, eachPair test ps es = true → ∀ (p e : Nat), PairIn p e ps es → test p e = true)
    (fun es _ p e h => impossible h)
    (fun q qs ih => byItems
      (fun es => eachPair test (q :: qs) es = true → ∀ (p e : Nat), PairIn p e (q :: qs) es → test p e = true)
      (fun _ p e h => impossible h)
      (fun f fs _ h p e pair => either pair
        (fun this => carry (fun x => test x e = true) (mirror (leftOf this))
          (carry (fun y => test q y = true) (mirror (rightOf this)) (and_left h)))
        (fun later => ih fs (and_right h) p e later))) ps

def zipPow (ps : List Nat) : List Nat → List Nat :=
  fold (fun (_ : List Nat) => ([] : List Nat)) (fun p _ before => fold [] (fun e more _ => p ^ e :: before more)) ps
