package index

import (
	"slices"
	"strings"
	"sync"
)

// norms are what BM25 adds to a count, by the code of the field's length.
type norms [128]float64

func normsFor(pivot float64) (n norms) {
	for code := range n {
		n[code] = k1 * (1 - b25 + b25*decodeLength(uint64(code))/pivot)
	}
	return n
}

var textNorms, otherNorms = normsFor(usual), normsFor(usual2)

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
			n := otherNorms
			if strings.HasPrefix(r.terms[t.ref].field, fieldText) {
				n = textNorms
			}
			if err := r.add(p, t.ref, within, size, w.idf*t.weight*(k1+1), &n, scores); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds what a term gives the documents of within, which are size.
func (r *run) add(p *part, ref int, within set, size int, weight float64, n *norms, scores []float32) error {
	u, err := r.worthKeeping(p, ref, size)
	if err != nil {
		return err
	}
	if u != nil {
		u.each(within, func(doc uint32, code uint16) {
			tf := float64(code >> 7)
			scores[doc] += float32(weight * tf / (tf + n[code&127]))
		})
		return nil
	}
	return p.visit(ref, within, size, func(doc uint32, packed, length uint64) {
		tf := float64(countOf(packed))
		scores[doc] += float32(weight * tf / (tf + n[length&127]))
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
