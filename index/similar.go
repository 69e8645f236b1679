package index

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/index/scorch"

	"utkik/internal/call"
)

// Alike is a call that has rare words in common with another.
type Alike struct {
	Hit   Hit      // its score is comparable within one result only
	Words []string // that both have, rarest first, as the other call writes them
}

// How calls are compared. Words that many calls have say nothing about two of them.
const (
	alikeText     = 8000 // bytes of the text that are read for words: what a call is about stands at its beginning
	alikeWords    = 24   // the rarest that are compared
	alikeCommon   = 30   // of so many calls of the language one may have a word that counts as rare
	alikeRare     = 100  // likewise, of one word at least
	alikeFewest   = 3    // words that must be shared
	alikeLeast    = 0.16 // share of the words' weight that must be shared
	alikeLetters  = 4    // of a word
	alikeInTitle  = 3.0  // words of a title, beside those of the text
	alikeInTopics = 2.0  // words of topics and of the call's name
)

// telling is a word of a call that few calls have.
type telling struct {
	word   string // as the call writes it
	stem   string
	where  float64 // the best place in which it stands
	rare   bool    // so much that it tells something by itself
	weight float64
	refs   []int
}

// Similar finds the calls that are not closed at now and share the rarest words with c, the most alike first. Those that are
// shown as one with c are left out. lang is the reader's.
func (ix *Index) Similar(ctx context.Context, c *call.Call, lang string, limit int, now time.Time) ([]Alike, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return nil, ErrClosed
	}
	out, err := guard(func() (out []Alike, err error) {
		err = ix.cur.read(func(snap *scorch.IndexSnapshot) error {
			out, err = ix.similar(ctx, snap, c, lang, limit, now)
			return err
		})
		return out, err
	})
	if err != nil {
		return nil, fmt.Errorf("calls like %s: %w", c.Key(), err)
	}
	return out, nil
}

func (ix *Index) similar(ctx context.Context, snap *scorch.IndexSnapshot, c *call.Call, lang string, limit int, now time.Time) ([]Alike, error) {
	r, err := newRun(ctx, ix.cur, snap, ix.analysers, now, ix.opts.Texts)
	if err != nil {
		return nil, err
	}
	r.scope = ix.scope
	words, err := r.tellingWords(c)
	if err != nil || len(words) < alikeFewest {
		return nil, err
	}
	total := 0.0
	for i := range words {
		total += words[i].weight
	}
	closed := r.statuses.closed
	var found []candidate
	shared := map[candidate][]string{}
	for at, p := range r.parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sets := make([]set, len(words))
		scores := make(map[uint32]float64)
		counts, rare := make(map[uint32]int), make(map[uint32]bool)
		for i := range words {
			sets[i] = newSet(p.n)
			for _, ref := range words[i].refs {
				if err := p.collect(ref, sets[i]); err != nil {
					return nil, err
				}
			}
			sets[i].intersect(p.live)
			for doc := range sets[i].each {
				scores[doc] += words[i].weight
				counts[doc]++
				rare[doc] = rare[doc] || words[i].rare
			}
		}
		for doc, score := range scores {
			if counts[doc] < alikeFewest || !rare[doc] || score < alikeLeast*total || p.cols.statusAt(doc, r.now, r.statuses) == closed {
				continue
			}
			k := candidate{score: float32(score), part: at, doc: doc}
			found = append(found, k)
			for i := range words {
				if sets[i].has(doc) {
					shared[k] = append(shared[k], words[i].word)
				}
			}
		}
	}
	return r.alike(c.Key(), found, shared, lang, limit)
}

// alike makes hits of the best candidates: of those that are shown as one, the best stands for all.
func (r *run) alike(self call.Key, found []candidate, shared map[candidate][]string, lang string, limit int) ([]Alike, error) {
	ids := make([][]string, len(r.parts))
	for i, p := range r.parts {
		var err error
		if ids[i], err = p.cols.idsOf(p.seg); err != nil {
			return nil, err
		}
	}
	group := func(k candidate) uint32 {
		if g := r.parts[k.part].cols.group; g != nil {
			return g[k.doc]
		}
		return 0
	}
	seen := map[uint32]bool{0: false}
	for at, p := range r.parts { // its own group is no likeness
		for doc, id := range ids[at] {
			if id == self.String() && p.live.has(uint32(doc)) {
				seen[group(candidate{part: at, doc: uint32(doc)})] = true
			}
		}
	}
	seen[0] = false
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(ids[a.part][a.doc], ids[b.part][b.doc]))
	})
	var out []Alike
	for _, k := range found {
		if len(out) == limit {
			break
		}
		g := group(k)
		if seen[g] || ids[k.part][k.doc] == self.String() {
			continue
		}
		seen[g] = g != 0
		h, err := r.hit(k, lang)
		if err != nil {
			return nil, err
		}
		out = append(out, Alike{h, shared[k]})
	}
	return out, nil
}

// tellingWords gives the words of a call by which others are known to be like it, rarest and most prominent first.
func (r *run) tellingWords(c *call.Call) ([]telling, error) {
	suffix := suffixOf(c.Language)
	a := r.analysers.of(c.Language)
	text := compose(c.Text)
	if len(text) > alikeText {
		end := alikeText
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	total := uint64(0) // calls of the language: what is rare among all of them may be common in Swedish
	if ref, err := r.ref(facetLanguage, suffix); err != nil {
		return nil, err
	} else if ref >= 0 {
		total = r.terms[ref].count
	}
	at := map[string]int{}
	var all []telling
	read := func(text string, where float64) {
		words(text, func(start, end, _ int, lower []byte) bool {
			if utf8.RuneCount(lower) < alikeLetters || !alphabetic(lower) {
				return true
			}
			terms := a.terms(lower, end-start)
			if len(terms) == 0 {
				return true
			}
			stem := terms[0].text
			i, ok := at[stem]
			if !ok {
				i = len(all)
				at[stem] = i
				all = append(all, telling{word: text[start:end], stem: stem})
			}
			all[i].where = max(all[i].where, where)
			return true
		})
	}
	read(oneLine(c.Title), alikeInTitle)
	for _, m := range append([]string{c.CallTitle, c.ParentTitle}, append(slices.Clone(c.Topics), c.Divisions...)...) {
		read(compose(m), alikeInTopics)
	}
	read(text, 1)
	var out []telling
	for _, w := range all {
		most := uint64(0)
		for _, field := range []string{fieldTitle, fieldMore, fieldText} {
			ref, err := r.ref(field+suffix, w.stem)
			if err != nil {
				return nil, err
			}
			if ref >= 0 {
				w.refs = append(w.refs, ref)
				most = max(most, r.terms[ref].count)
			}
		}
		if most < 2 && len(w.refs) < 2 || most > max(total/alikeCommon, 3) {
			continue
		}
		idf := math.Log(1 + float64(total)/float64(most))
		w.weight, w.rare = w.where*idf*idf, most <= max(total/alikeRare, 3)
		out = append(out, w)
	}
	slices.SortFunc(out, func(x, y telling) int { return cmp.Or(cmp.Compare(y.weight, x.weight), cmp.Compare(x.stem, y.stem)) })
	return out[:min(len(out), alikeWords)], nil
}

func alphabetic(word []byte) bool {
	for len(word) > 0 {
		r, n := utf8.DecodeRune(word)
		if !unicode.IsLetter(r) {
			return false
		}
		word = word[n:]
	}
	return true
}
