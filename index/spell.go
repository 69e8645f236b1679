package index

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/vellum/levenshtein"

	"utkik/internal/call"
)

const (
	minMended   = 4  // letters: shorter words are next to too many others
	minTwice    = 8  // letters in a word that may have two mistakes
	rare        = 2  // documents: next to nothing
	plentiful   = 50 // documents with another word, for a word that is not unknown but rare to be taken for it
	maxStems    = 12 // stems that are looked at more closely
	maxTitles   = 6  // titles read to learn how a stem is written
	weightMeant = 0.8

	maxMended = 4 // words of a query: each goes through the dictionaries

	maxGlued  = 40 // bytes of a code written without its hyphens
	maxSplits = 8  // ways to read one
)

// Meant is a word that finds next to nothing, and the one that was looked for beside it.
type Meant struct {
	Typed string `json:"typed"`
	Meant string `json:"meant"`
}

// speller finds words that are a mistake or two away. It is safe for concurrent use.
type speller struct {
	glossary *glossary
	builder  func() (*levenshtein.LevenshteinAutomatonBuilder, error) // takes milliseconds to make: not before it is needed
	words    func() []string                                          // written out, where the index has but stems
}

func newSpeller(g *glossary) *speller {
	return &speller{
		glossary: g,
		builder: sync.OnceValues(func() (*levenshtein.LevenshteinAutomatonBuilder, error) {
			return levenshtein.NewLevenshteinAutomatonBuilder(2, true)
		}),
		words: sync.OnceValue(func() []string {
			var out []string
			for _, text := range g.words {
				words(compose(text), func(_, _, _ int, lower []byte) bool {
					out = append(out, string(lower))
					return true
				})
			}
			for w := range swedishWords().forms {
				out = append(out, w)
			}
			slices.Sort(out)
			return slices.Compact(out)
		}),
	}
}

// mended gives a matcher of a word that finds next to nothing, joined with what was probably meant: a code written
// without its hyphens, or a word spelled otherwise. Other words keep their own.
func (r *run) mended(text string, own matcher) (matcher, error) {
	count := countOfMatcher(own)
	if count > rare || r.only.on || r.tried == maxMended {
		return own, nil
	}
	r.tried++
	if strings.ContainsFunc(text, unicode.IsDigit) {
		if count > 0 {
			return own, nil
		}
		m, err := r.glued(text)
		if m == nil || err != nil {
			return own, err
		}
		return m, nil
	}
	typed := readTyped(r.analysers.sv, text)
	if len(typed) != 1 || utf8.RuneCountInString(typed[0].lower) < minMended || r.spell == nil {
		return own, nil
	}
	word := typed[0].lower
	if len(r.glossary.find(word, false)) > 0 {
		return own, nil // known, if not in any call
	}
	meant, err := r.correct(word, count)
	if meant == "" || err != nil {
		return own, err
	}
	r.meant = append(r.meant, Meant{text, meant})
	left := maxSought
	node := r.glossary.broaden(wordNode{Text: meant}, &left)
	r.added = append(r.added, soughtOf(node)...)
	before := r.only
	r.only = narrow{on: true, scale: before.factor() * weightMeant, as: r.marks.words[word]}
	m, err := r.compile(node, true, true)
	r.only = before
	if m == nil || err != nil {
		return own, err
	}
	return orMatcher{own, m}, nil
}

// nearby is a word that may have been meant.
type nearby struct {
	word     string
	distance int
	count    uint64
}

// correct gives the word that was probably meant by one that count documents have, or nothing.
func (r *run) correct(word string, count uint64) (string, error) {
	far := 1
	if utf8.RuneCountInString(word) >= minTwice && count == 0 {
		far = 2
	}
	var found []nearby
	take := func(w string, n uint64) {
		if d := distance(word, w, far); d > 0 && d <= far && fold(w) != word {
			found = append(found, nearby{w, d, n})
		}
	}
	for _, lang := range []string{"sv", "en"} {
		stems, err := r.near(lang, word, far)
		if err != nil {
			return "", err
		}
		for _, s := range stems {
			forms, err := r.written(lang, s)
			if err != nil {
				return "", err
			}
			for _, w := range forms {
				take(w, s.count)
			}
		}
	}
	for _, w := range r.spell.words() {
		if distance(word, w, far) > far {
			continue
		}
		n, err := r.countWord(w)
		if err != nil {
			return "", err
		}
		if n > 0 {
			take(w, n)
		}
	}
	if len(found) == 0 {
		return r.correctPart(word, far), nil
	}
	best := slices.MinFunc(found, func(a, b nearby) int {
		return cmp.Or(a.distance-b.distance, cmp.Compare(b.count, a.count), strings.Compare(a.word, b.word))
	})
	if count > 0 && (best.count < plentiful || best.distance > 1) {
		return "", nil
	}
	return best.word, nil
}

// correctPart mends a compound that no call has: what it begins with is a known word, and what follows is next to one.
func (r *run) correctPart(word string, far int) string {
	best := nearby{distance: far + 1}
	for i := range word {
		head := word[:i]
		if i < minPart || len(word)-i < minCompound || !swedishWords().forms[head] && !swedishWords().forms[strings.TrimSuffix(head, "s")] {
			continue
		}
		for _, w := range r.spell.words() {
			if d := distance(word[i:], w, far); d > 0 && d < best.distance {
				best = nearby{word: head + w, distance: d}
			}
		}
	}
	return best.word
}

// near gives the stems of a language that are a mistake or two away from a word's own, nearest and commonest first.
func (r *run) near(lang, word string, far int) ([]nearby, error) {
	b, err := r.spell.builder()
	if err != nil {
		return nil, err
	}
	stem := r.analysers.of(lang).stem(word)
	if utf8.RuneCountInString(stem) < minMended-1 {
		return nil, nil
	}
	dfa, err := b.BuildDfa(stem, uint8(far))
	if err != nil {
		return nil, err
	}
	counts := map[string]uint64{}
	for _, field := range []string{fieldTitle + lang, fieldMore + lang, fieldText + lang} {
		for _, p := range r.parts {
			d, err := p.dict(field)
			if err != nil {
				return nil, err
			}
			it := d.AutomatonIterator(dfa, nil, nil)
			for {
				entry, err := it.Next()
				if err != nil {
					return nil, err
				}
				if entry == nil {
					break
				}
				if !strings.HasPrefix(entry.Term, foldMark) {
					counts[strings.Clone(entry.Term)] += entry.Count
				}
			}
			if err := r.ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	var out []nearby
	for s, n := range counts {
		out = append(out, nearby{s, distance(stem, s, far), n})
	}
	slices.SortFunc(out, func(a, b nearby) int {
		return cmp.Or(a.distance-b.distance, cmp.Compare(b.count, a.count), strings.Compare(a.word, b.word))
	})
	return out[:min(len(out), maxStems)], nil
}

// written gives words, as titles and texts have them, of a stem.
func (r *run) written(lang string, s nearby) ([]string, error) {
	a := r.analysers.of(lang)
	seen := map[string]bool{}
	from := func(text string) {
		words(compose(text), func(start, end, _ int, lower []byte) bool {
			for i, t := range a.terms(lower, end-start) {
				if t.text == s.word && (i == 0 || t.from == 0 && t.to == end-start) {
					seen[string(lower)] = true
				}
			}
			return len(seen) < maxStems
		})
	}
	titles, err := r.titlesWith(fieldTitle+lang, s.word, lang, maxTitles)
	if err != nil {
		return nil, err
	}
	for _, t := range titles {
		from(t)
	}
	if len(seen) == 0 && r.texts != nil {
		keys, err := r.keysWith(fieldText+lang, s.word, 1)
		if err != nil {
			return nil, err
		}
		texts, err := r.texts(r.ctx, keys)
		if err != nil {
			return nil, &textsError{err}
		}
		for _, k := range keys {
			from(texts[k])
		}
	}
	out := make([]string, 0, len(seen))
	for w := range seen {
		out = append(out, w)
	}
	slices.Sort(out)
	return out, nil
}

// first calls fn for the first n documents that have a term.
func (r *run) first(field, term string, n int, fn func(at int, doc uint32) error) error {
	ref, err := r.ref(field, term)
	if ref < 0 || err != nil {
		return err
	}
	for at, p := range r.parts {
		s := newSet(p.n)
		if err := p.collect(ref, s); err != nil {
			return err
		}
		for doc := range s.each {
			if n--; n < 0 {
				return nil
			}
			if err := fn(at, doc); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) titlesWith(field, term, lang string, n int) (out []string, err error) {
	err = r.first(field, term, n, func(at int, doc uint32) error {
		h, err := r.hit(candidate{part: at, doc: doc}, "")
		if err == nil {
			out = append(out, h.Title)
		}
		return err
	})
	return out, err
}

func (r *run) keysWith(field, term string, n int) (out []call.Key, err error) {
	err = r.first(field, term, n, func(at int, doc uint32) error {
		id, err := r.parts[at].seg.DocID(uint64(doc))
		if err != nil {
			return err
		}
		key, err := call.ParseKey(string(id))
		out = append(out, key)
		return err
	})
	return out, err
}

// countWord tells about how many documents have a word, in the language that has it most.
func (r *run) countWord(word string) (most uint64, err error) {
	for _, lang := range []string{"sv", "en"} {
		sum := uint64(0)
		for _, f := range anyField.fields() {
			ref, err := r.ref(f.name+lang, r.analysers.of(lang).stem(word))
			if err != nil {
				return 0, err
			}
			if ref >= 0 {
				sum = max(sum, r.terms[ref].count)
			}
		}
		most = max(most, sum)
	}
	return most, nil
}

// distance counts the letters that are wrong, missing, too many or changed places with their neighbour; past far it
// stops counting.
func distance(a, b string, far int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > far || len(y)-len(x) > far {
		return far + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for k := range last {
		last[k] = k
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		least := i
		for k := 1; k <= len(y); k++ {
			same := 1
			if x[i-1] == y[k-1] {
				same = 0
			}
			row[k] = min(last[k]+1, row[k-1]+1, last[k-1]+same)
			if i > 1 && k > 1 && x[i-1] == y[k-2] && x[i-2] == y[k-1] {
				row[k] = min(row[k], before[k-2]+1)
			}
			least = min(least, row[k])
		}
		if least > far {
			return far + 1
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// putRight writes a query with the words that were meant.
func putRight(query string, meant []Meant) string {
	for _, m := range meant {
		if i := strings.Index(query, m.Typed); i >= 0 {
			query = query[:i] + m.Meant + query[i+len(m.Typed):]
		}
	}
	return query
}

// glued makes a matcher of a code that was written without its hyphens: cl52026d1 is cl5, 2026, d1 if there are such
// parts. Of several ways to read it those with the fewest parts are tried.
func (r *run) glued(text string) (matcher, error) {
	code := strings.Map(func(c rune) rune {
		if c >= utf8.RuneSelf || !asciiWord[c] {
			return -1
		}
		return unicode.ToLower(c)
	}, text)
	if len(code) < 5 || len(code) > maxGlued {
		return nil, nil
	}
	ways := make([][][]string, len(code)+1) // to read what follows
	ways[len(code)] = [][]string{nil}
	for i := len(code) - 1; i >= 0; i-- {
		for end := len(code); end > i; end-- {
			if len(ways[end]) == 0 {
				continue
			}
			ref, err := r.ref(fieldIdentifier, code[i:end])
			if err != nil {
				return nil, err
			}
			if ref < 0 {
				continue
			}
			for _, rest := range ways[end] {
				ways[i] = append(ways[i], append([]string{code[i:end]}, rest...))
			}
		}
		slices.SortStableFunc(ways[i], func(a, b []string) int { return len(a) - len(b) })
		ways[i] = ways[i][:min(len(ways[i]), maxSplits)]
	}
	var all orMatcher
	for _, way := range ways[0] {
		if len(way) < 2 {
			continue
		}
		m, err := r.text(strings.Join(way, "-"), false, true, true, true, anyField)
		if err != nil {
			return nil, err
		}
		if m != nil && countOfMatcher(m) > 0 {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}
