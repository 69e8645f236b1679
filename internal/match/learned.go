package match

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"utkik/internal/call"
	"utkik/internal/plan"
)

// Learned words are what labels say beyond the vocabulary: each gives or takes a few hundredths of a point, many together
// settle what the vocabulary leaves open. They are data of the plan as the vocabulary is, written by [Train].
//
// A word is known by its first letters, so that "regional" and "regions" are close to one another without a
// grammar of two languages; two words stand for themselves side by side.
const (
	stemLength = plan.LearnedLetters
	whisper    = 0.6  // points below which learned words alone list no priority: a score of 0.2
	named      = 5    // words that a reason names
	hundredth  = 0.01 // points are whole hundredths, so that a sum is the same in any order
)

// stem is how learned words know a word.
func stem(w string) string {
	if len(w) <= stemLength {
		return w
	}
	n := 0
	for i := range w {
		if n == stemLength {
			return w[:i]
		}
		n++
	}
	return w
}

// spell writes a stem as a plan's vocabulary would: cut words end with a star.
func spell(stem string) string {
	if utf8.RuneCountInString(stem) == stemLength {
		return stem + "*"
	}
	return stem
}

// numeral tells whether a word is a number, which says nothing about the subject.
func numeral(w string) bool { return strings.Trim(w, "0123456789") == "" }

// speaks tells whether learned words are looked for in p. The source's keywords are few and settled by rules.
func (p *passage) speaks() bool { return p.field != "topics" && p.field != "divisions" }

func (p *passage) isTitle() bool { return p.field == "title" || p.field == "translations" }

// codeParts calls found for what a code says of its subject: HORIZON-CL5-2024-D3-01 is known by HORIZON, CL5 and D3, and by
// HORIZON-CL5 and HORIZON-CL5-D3. Years and numbers are left out.
func codeParts(code string, found func(part string)) {
	whole := ""
	for part := range strings.FieldsFuncSeq(strings.ToUpper(clip(code, maxField)), func(r rune) bool { return r == '-' || r == '/' || r == ' ' }) {
		if numeral(part) {
			continue
		}
		found(part)
		if whole != "" {
			whole += "-" + part
			found(whole)
			continue
		}
		whole = part
	}
}

// codeOf gives the code by which a call is known, and the field of the exchange format that has it.
func codeOf(c *call.Call, code string) (field, value string) {
	if c.Identifier != "" {
		return "identifier", c.Identifier
	}
	return "call", code
}

// lore finds learned words in calls, for all profiles that have any. It is built once and not changed after.
type lore struct {
	stems    map[string]int32 // by stem: its number
	words    []inPlaces       // by number of the stem
	pairs    map[[2]int32]int32
	codes    map[string]int32
	traits   []trait
	profiles []uint32 // that have learned words, in order
	seats    map[uint32]int32
}

// inPlaces are the traits of one stem, -1 for none.
type inPlaces struct{ text, title int32 }

// trait is a learned word with whom it tells something.
type trait struct {
	spelt  string
	grants []grant
}

// grant is what a trait is worth to a profile.
type grant struct {
	seat       int32 // in [lore.profiles]
	hundredths int32
}

// sight is a trait that stands in a call.
type sight struct {
	trait int32
	place place // of a code, passage is -1
}

// taught is what learned words give a profile at most, in 128ths of what is needed.
type taught struct {
	profile uint32
	most    uint8
}

// heard is the memory of one call's learned words.
type heard struct {
	known  map[string]int32 // by word: the number of its stem, -1 if no trait has it
	sights []sight
	seen   []bool  // by trait; false between calls
	sums   []int32 // by seat, in hundredths
}

func newLore() *lore {
	return &lore{stems: map[string]int32{}, pairs: map[[2]int32]int32{}, codes: map[string]int32{}, seats: map[uint32]int32{}}
}

// add takes in the learned words of a profile, which come after those of the profiles before it.
func (l *lore) add(profile uint32, learned []plan.Learned) error {
	seat := int32(len(l.profiles))
	l.profiles = append(l.profiles, profile)
	l.seats[profile] = seat
	for _, x := range learned {
		n, ok := l.trait(x)
		if !ok {
			return fmt.Errorf("line %d: learned word %q in %q is none; want one or two words in text, one in title, or a part of a code in code", x.Line, x.Words, x.In)
		}
		l.traits[n].grants = append(l.traits[n].grants, grant{seat, int32(math.Round(x.Points / hundredth))})
	}
	return nil
}

// trait gives the number of a learned word, and makes one if it has none.
func (l *lore) trait(x plan.Learned) (int32, bool) {
	ws := strings.Fields(x.Words)
	for i, w := range ws {
		ws[i] = strings.TrimSuffix(w, "*")
	}
	switch {
	case x.In == plan.InCode && len(ws) == 1:
		return numberIn(l, l.codes, strings.ToUpper(ws[0]), x.Words), true
	case x.In == plan.InText && len(ws) == 2:
		return numberIn(l, l.pairs, [2]int32{l.stem(ws[0]), l.stem(ws[1])}, x.Words), true
	case (x.In == plan.InText || x.In == plan.InTitle) && len(ws) == 1:
		at := &l.words[l.stem(ws[0])].text
		if x.In == plan.InTitle {
			at = &l.words[l.stem(ws[0])].title
		}
		if *at < 0 {
			*at = l.make(x.Words)
		}
		return *at, true
	}
	return 0, false
}

func numberIn[K comparable](l *lore, m map[K]int32, key K, spelt string) int32 {
	n, ok := m[key]
	if !ok {
		n = l.make(spelt)
		m[key] = n
	}
	return n
}

func (l *lore) make(spelt string) int32 {
	l.traits = append(l.traits, trait{spelt: spelt})
	return int32(len(l.traits) - 1)
}

func (l *lore) stem(w string) int32 {
	w = stem(w)
	n, ok := l.stems[w]
	if !ok {
		n = int32(len(l.words))
		l.stems[strings.Clone(w)] = n
		l.words = append(l.words, inPlaces{-1, -1})
	}
	return n
}

// hear notes the traits that stand in a call, each where it stands first, and adds up what they are worth to each profile.
func (l *lore) hear(h *heard, c *call.Call, code string, passages []passage) {
	if h.known == nil || len(h.known) > remembered {
		h.known = map[string]int32{}
	}
	if h.seen == nil {
		h.seen, h.sums = make([]bool, len(l.traits)), make([]int32, len(l.profiles))
	}
	h.sights = h.sights[:0]
	clear(h.sums)
	see := func(trait int32, at place) {
		if trait < 0 || h.seen[trait] {
			return
		}
		h.seen[trait] = true
		h.sights = append(h.sights, sight{trait, at})
		for _, g := range l.traits[trait].grants {
			h.sums[g.seat] += g.hundredths
		}
	}
	for i := range passages {
		p := &passages[i]
		if !p.speaks() {
			continue
		}
		before := int32(-1)
		for k := range p.words {
			n, ok := h.known[p.words[k].text]
			if !ok {
				n = -1
				if w := p.words[k].text; !numeral(w) {
					if m, ok := l.stems[stem(w)]; ok {
						n = m
					}
				}
				h.known[strings.Clone(p.words[k].text)] = n
			}
			if n >= 0 {
				at := place{int32(i), int32(k), int32(k + 1)}
				see(l.words[n].text, at)
				if p.isTitle() {
					see(l.words[n].title, at)
				}
				if before >= 0 {
					if pair, ok := l.pairs[[2]int32{before, n}]; ok {
						see(pair, place{int32(i), int32(k - 1), int32(k + 1)})
					}
				}
			}
			before = n
		}
	}
	if len(l.codes) > 0 {
		_, value := codeOf(c, code)
		codeParts(value, func(part string) {
			if n, ok := l.codes[part]; ok {
				see(n, place{passage: -1})
			}
		})
	}
	for _, x := range h.sights {
		h.seen[x.trait] = false
	}
}

// learn adds learned words to what the vocabulary and the rules of a profile say. It is false where they say nothing that counts.
//
// Where there are learned words, the vocabulary's points beyond [halfway] are pressed: the fifth term of a subject says less that
// is new than a word that tells what sort of call it is.
func (s *Set) learn(w *work, profile int, spoken bool) bool {
	v := &w.verdict
	v.share = 1
	seat, ok := s.lore.seats[uint32(profile)]
	if !ok {
		return spoken
	}
	if pressed := press(v.points); pressed != v.points {
		v.share = pressed / v.points
		v.points = pressed
	}
	learned := s.factors(profile).learned(w.heard.sums[seat])
	v.points += learned
	return spoken || learned > 0 && v.points >= whisper
}

func press(points float64) float64 {
	if points <= halfway {
		return points
	}
	return halfway * (1 + math.Log(points/halfway))
}

// learned is what hundredths of learned points count.
func (f *factors) learned(hundredths int32) float64 {
	v := float64(hundredths) / 100
	if f.plain {
		return v
	}
	return v / f.Threshold
}

// lesson is a learned word of a call, with its points for one priority.
type lesson struct {
	sight
	spelt      string
	hundredths int32
}

// lessons gives the learned words of a call that count for a profile, strongest first.
func (s *Set) lessons(w *work, profile int) []lesson {
	if s.lore == nil {
		return nil
	}
	seat, ok := s.lore.seats[uint32(profile)]
	if !ok {
		return nil
	}
	var out []lesson
	for _, x := range w.heard.sights {
		t := &s.lore.traits[x.trait]
		for _, g := range t.grants {
			if g.seat == seat {
				out = append(out, lesson{x, t.spelt, g.hundredths})
			}
		}
	}
	return sortLessons(out)
}

func sortLessons(ls []lesson) []lesson {
	slices.SortStableFunc(ls, func(a, b lesson) int {
		return cmp.Or(
			cmp.Compare(max(b.hundredths, -b.hundredths), max(a.hundredths, -a.hundredths)),
			cmp.Compare(b.hundredths, a.hundredths),
			a.place.compare(b.place),
			strings.Compare(a.spelt, b.spelt),
		)
	})
	return ls
}

// learnedReasons sums up what learned words say for a priority and what they say against it, at most one reason each. The call is
// quoted where the strongest of them stands, with all of them that stand there marked; the plan by the sentence that
// speaks for its rules.
func learnedReasons(ls []lesson, own *factors, quote quotation, c *call.Call, code string, passages []passage) []Reason {
	var out []Reason
	for _, sign := range []int32{1, -1} {
		var side []lesson
		sum := int32(0)
		for _, x := range ls {
			if x.hundredths*sign > 0 {
				side, sum = append(side, x), sum+x.hundredths
			}
		}
		if len(side) == 0 {
			continue
		}
		r := Reason{Kind: KindLearned, PriorityText: quote.own, PriorityEN: quote.en, Weight: own.learned(sum)}
		if first := side[0]; first.place.passage < 0 {
			field, value := codeOf(c, code)
			r.Field, r.CallText = field, "«"+clip(value, maxField)+"»"
		} else {
			p := &passages[first.place.passage]
			var at []place
			for _, x := range side {
				if x.place.passage == first.place.passage {
					at = append(at, x.place)
				}
			}
			r.Field, r.CallText = p.field, sentenceOfAll(p, at)
		}
		var names []string
		for _, x := range side {
			if len(names) == named {
				names = append(names, "…")
				break
			}
			if !slices.Contains(names, x.spelt) {
				names = append(names, x.spelt)
			}
		}
		r.Term = strings.Join(names, ", ")
		out = append(out, r)
	}
	return out
}

// sentenceOfAll is [sentence] of the first place, with the words of the others marked too where they stand in it.
func sentenceOfAll(pa *passage, at []place) string {
	first := at[0]
	marked := make([]bool, len(pa.words)+1)
	for _, p := range at {
		for k := p.from; k < p.to; k++ {
			marked[k] = true
		}
	}
	// Words beside one another have one pair of marks, and the first place's are put there by sentence.
	for first.from > 0 && marked[first.from-1] {
		first.from--
	}
	for marked[first.to] {
		first.to++
	}
	var b strings.Builder
	copied := passage{field: pa.field, cut: pa.cut, words: slices.Clone(pa.words)}
	from := 0
	for k := 0; k < len(pa.words); k++ {
		if !marked[k] || int32(k) >= first.from && int32(k) < first.to {
			continue
		}
		end := k
		for marked[end+1] && int32(end+1) != first.from {
			end++
		}
		// Parts of a word with hyphens may all have the whole word's place.
		if at := pa.words[k].start; at < from || at < pa.words[first.to-1].end && pa.words[end].end > pa.words[first.from].start {
			continue
		}
		b.WriteString(pa.text[from:pa.words[k].start] + "«" + pa.text[pa.words[k].start:pa.words[end].end] + "»")
		from = pa.words[end].end
		for n := k; n < len(pa.words); n++ { // all behind the marks stand that much later
			copied.words[n].start += len("«")
			copied.words[n].end += len("«")
			if n > end {
				copied.words[n].start += len("»")
				copied.words[n].end += len("»")
			}
		}
		k = end
	}
	b.WriteString(pa.text[from:])
	copied.text = b.String()
	return sentence(&copied, first)
}

// listen hears the learned words of a call, if any plan has some.
func (s *Set) listen(w *work, c *call.Call) {
	if s.lore != nil {
		s.lore.hear(&w.heard, c, w.code, w.passages)
	}
}
