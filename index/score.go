package index

import (
	"slices"
	"strings"
	"sync"
)

// shares are what BM25 makes of a word's count in a field and of the field's length, by their [code]: a search asks for tens of thousands,
// and a division takes as long as all else that is done for one.
type shares [(maxCount + 1) << 7]float64

func sharesFor(pivot float64) *shares {
	s := &shares{}
	for c := range s {
		tf := float64(c >> 7)
		s[c] = tf / (tf + k1*(1-b25+b25*decodeLength(uint64(c&127))/pivot))
	}
	return s
}

var textShares, otherShares = sharesFor(usual), sharesFor(usual2)

// score adds up what the query's words give each document of a part; scores has a place for each.
//
// Every hit is scored to its end. To let go, before a common word is read, of hits that could not reach the page any more
// (MaxScore, a term at a time) was tried with exact results: since long lists are kept unpacked (lists.go), what it saved
// was what finding these hits took.
func (r *run) score(at int, matched set, scores []float32) error {
	p := r.parts[at]
	within := newSet(p.n)
	for _, w := range r.words {
		mine := (*w.sets)[at]
		if mine == nil {
			continue // narrowed to nothing before it was asked
		}
		size := within.common(mine, matched)
		if size == 0 {
			continue
		}
		for _, t := range w.terms {
			if p.lists[t.ref] == nil {
				continue
			}
			each := otherShares
			if strings.HasPrefix(r.terms[t.ref].field, fieldText) {
				each = textShares
			}
			if err := r.add(p, t.ref, within, size, w.idf*t.weight*(k1+1), each, scores); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds what a term gives the documents of within, which are size.
func (r *run) add(p *part, ref int, within set, size int, weight float64, each *shares, scores []float32) error {
	u, err := r.worthKeeping(p, ref, size)
	if err != nil {
		return err
	}
	if u != nil {
		u.add(within, weight, each, scores)
		return nil
	}
	return p.visit(ref, within, size, func(doc uint32, packed, length uint64) {
		scores[doc] += float32(weight * each[code(packed, length)])
	})
}

// preferred gives the number of the reader's language, whose hits rank a little higher; 0 for none.
func (r *run) preferred(lang string) uint32 {
	if lang == "" {
		return 0
	}
	return uint32(max(0, slices.Index(r.names[columnLanguage].all(), suffixOf(lang))))
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
