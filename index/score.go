package index

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// A word that thousands of calls have takes a search longest where its every posting is read for the score, and most of what
// it adds is to hits that nobody sees. Terms are therefore taken in order of the most that each can add: titles and
// codes first, which are short lists, common words of texts last. Before a long list is read, a hit is dropped that
// cannot reach the last place of the page any more, even if all terms that are left gave it their most. What is seen,
// and in which order, is the same to the last bit as if nothing had been dropped: TestRace holds both to it. It is MaxScore
// (Turtle and Flood, 1995), a term at a time.

// step is one term of one word, which adds to the scores of the documents that the word matched.
type step struct {
	word   int
	ref    int
	weight float64 // times what BM25 makes of count and length, which is below 1
	pivot  float64 // words that count as usual
	bound  float32
	lang   int // whose documents alone have it; 0 for all
}

// race scores hits and drops those that cannot win.
type race struct {
	r         *run
	top       *top
	steps     []step
	rest      [][3]float32 // by word and language: the most that its steps that are left can add
	preferred uint32       // the reader's language, whose hits rank a little higher; 0 for none
	langs     [3]uint32    // numbers of languages in the column, by their number here
	plain     bool
	spare     *sync.Pool
	best      []float32 // a heap, the least on top
}

// Languages whose documents alone have a field, by the field's ending.
const (
	langAny = iota
	langSwedish
	langEnglish
)

const (
	longList = 512       // postings: shorter lists are read at once
	slack    = 1 + 1.e-5 // sums of the same numbers differ in their last bits
)

func (r *run) newRace(t *top, lang string) *race {
	x := &race{r: r, top: t}
	list := r.names[columnLanguage].all()
	number := func(suffix string) uint32 { return uint32(max(0, slices.Index(list, suffix))) }
	x.langs = [3]uint32{langSwedish: number("sv"), langEnglish: number("en")}
	if lang != "" {
		x.preferred = number(suffixOf(lang))
	}
	for i, w := range r.words {
		for _, t := range w.terms {
			field := r.terms[t.ref].field
			s := step{word: i, ref: t.ref, weight: w.idf * t.weight * (k1 + 1), pivot: usual2}
			if strings.HasPrefix(field, fieldText) {
				s.pivot = usual
			}
			// Titles come in other languages than a call's own, the rest does not.
			if !strings.HasPrefix(field, fieldTitle) {
				switch {
				case strings.HasSuffix(field, "_sv"):
					s.lang = langSwedish
				case strings.HasSuffix(field, "_en"):
					s.lang = langEnglish
				}
			}
			most := float64(maxCount)
			s.bound = float32(s.weight * most / (most + normOf(1, s.pivot)))
			x.steps = append(x.steps, s)
		}
	}
	slices.SortStableFunc(x.steps, func(a, b step) int { return cmp.Compare(b.bound, a.bound) })
	return x
}

// normOf is what BM25 adds to a count, for a field whose length has that code.
func normOf(code uint64, pivot float64) float64 {
	return k1 * (1 - b25 + b25*decodeLength(code)/pivot)
}

// final is a score as hits are ordered by it.
func (x *race) final(p *part, doc uint32, score float32) float32 {
	if x.preferred > 0 && p.cols.facets[columnLanguage].one[doc] == x.preferred {
		return score * langBonus
	}
	return score
}

// score adds up what the query's words give each document of a part, and gives those that may be on the page. The others,
// and they alone, have less than they are worth. scores has a place for each document.
func (x *race) score(at int, matched set, scores []float32) (set, error) {
	r, p := x.r, x.r.parts[at]
	x.rest = make([][3]float32, len(r.words))
	for _, s := range x.steps {
		x.rest[s.word][s.lang] += s.bound
	}
	in := matched.clone()
	size := in.count()
	within := make([]set, len(r.words)) // what each word matched and is in the race
	sizes := make([]int, len(r.words))
	narrow := func() {
		for i, w := range r.words {
			mine := (*w.sets)[at]
			if mine == nil {
				continue // narrowed to nothing before it was asked
			}
			if within[i] == nil {
				within[i] = newSet(p.n)
			}
			sizes[i] = within[i].common(mine, in)
		}
	}
	narrow()
	for _, s := range x.steps {
		list := p.lists[s.ref]
		if sizes[s.word] > 0 && list != nil {
			if n := list.Count(); !x.plain && n > longList && size > 2*x.top.n && size > longList/8 {
				left, err := x.drop(p, in, within, size, scores)
				if err != nil {
					return nil, err
				}
				if left < size {
					size = left
					narrow()
				}
			}
			var norms [128]float64
			for code := range norms {
				norms[code] = normOf(uint64(code), s.pivot)
			}
			weight := s.weight
			err := p.visit(s.ref, within[s.word], sizes[s.word], func(doc uint32, packed, length uint64) {
				tf := float64(countOf(packed))
				scores[doc] += float32(weight * tf / (tf + norms[length&127]))
			})
			if err != nil {
				return nil, err
			}
		}
		x.rest[s.word][s.lang] -= s.bound
	}
	return in, nil
}

// drop takes those out of the race that cannot reach the page, and gives how many are left. Calls that are shown with
// others stay: the group is worth what the best of it is worth, and shown by the first of it.
func (x *race) drop(p *part, in set, within []set, size int, scores []float32) (int, error) {
	if err := x.r.ctx.Err(); err != nil {
		return 0, err
	}
	bar := x.bar(p, in, scores)
	if bar <= 0 {
		return size, nil
	}
	// The most that each document may come to.
	place := takeScores(x.spare, p.n)
	defer x.spare.Put(place)
	most := *place
	lang := p.cols.facets[columnLanguage].one
	for i, docs := range within {
		rest := x.rest[i]
		all := rest[langAny] + rest[langSwedish] + rest[langEnglish]
		if docs == nil || all <= 0 {
			continue
		}
		add := [3]float32{all, rest[langAny] + rest[langSwedish], rest[langAny] + rest[langEnglish]}
		for k, w := range docs {
			for ; w != 0; w &= w - 1 {
				doc := uint32(k<<6 + bits.TrailingZeros64(w))
				which := langAny
				switch lang[doc] {
				case 0:
				case x.langs[langSwedish]:
					which = langSwedish
				case x.langs[langEnglish]:
					which = langEnglish
				}
				most[doc] += add[which]
			}
		}
	}
	bar /= slack
	for k, w := range in {
		for ; w != 0; w &= w - 1 {
			doc := uint32(k<<6 + bits.TrailingZeros64(w))
			if x.final(p, doc, scores[doc]+most[doc]) < bar && (p.cols.group == nil || p.cols.group[doc] == 0) {
				in.remove(doc)
				size--
			}
		}
	}
	return size, nil
}

// bar gives a score that as many documents as the page has places, and those before it, have already; 0 if there are not
// so many.
func (x *race) bar(p *part, in set, scores []float32) float32 {
	n := x.top.n
	if n == 0 {
		return 0
	}
	x.best = x.best[:0]
	for k, w := range in {
		for ; w != 0; w &= w - 1 {
			doc := uint32(k<<6 + bits.TrailingZeros64(w))
			score := scores[doc]
			if score <= 0 || p.cols.group != nil && p.cols.group[doc] != 0 {
				continue
			}
			if score = x.final(p, doc, score); len(x.best) < n {
				x.best = append(x.best, score)
				if len(x.best) == n {
					for i := n/2 - 1; i >= 0; i-- {
						sink(x.best, i)
					}
				}
			} else if score > x.best[0] {
				x.best[0] = score
				sink(x.best, 0)
			}
		}
	}
	bar := float32(0)
	if len(x.best) == n {
		bar = x.best[0]
	}
	if len(x.top.heap) == n { // of the parts before this one
		bar = max(bar, x.top.heap[0].score)
	}
	return bar
}

// sink puts the value at i of a heap, the least on top, in its place.
func sink(heap []float32, i int) {
	for {
		least := i
		for k := 2*i + 1; k < min(2*i+3, len(heap)); k++ {
			if heap[k] < heap[least] {
				least = k
			}
		}
		if least == i {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}

// takeScores gives a place for the score of each of n documents, all 0.
func takeScores(spare *sync.Pool, n int) *[]float32 {
	s, ok := spare.Get().(*[]float32)
	if !ok {
		s = new([]float32)
	}
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	*s = (*s)[:n]
	clear(*s)
	return s
}
