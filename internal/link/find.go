package link

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"utkik/internal/call"
)

// rareWords is how many of a title's rarest words lead to others: titles alike enough share one of them.
const rareWords = 8

// Find gives the links between calls of different sources, by their keys. It asks [Judge] only about those that share a
// code, an address, a whole title, or two rare words of the title and a day, and then lets every item keep its best
// counterpart of each other source.
func Find(all []Facts) []Link {
	var out, same []Link
	for _, p := range candidates(all) {
		l, ok := Judge(&all[p[0]], &all[p[1]])
		switch {
		case !ok:
		case l.Relation == Same:
			same = append(same, l)
		default:
			out = append(out, l)
		}
	}
	byKey := make(map[call.Key]*Facts, len(all))
	for i := range all {
		byKey[all[i].Key] = &all[i]
	}
	out = append(out, chosen(same, byKey)...)
	slices.SortFunc(out, func(a, b Link) int { return cmp.Or(a.A.Compare(b.A), a.B.Compare(b.B)) })
	return out
}

// How many pairs one key may give: words that so many share on one day are not rare, and a code or an address that so
// many share is a portal's word for "none".
const (
	crowdOfWords = 4096
	crowdOfCodes = 16384
)

// met is an item under a key.
type met struct {
	key  uint64
	item int32
}

// candidates gives pairs of places in all, each once, in order.
func candidates(all []Facts) [][2]int32 {
	frequency := map[string]int{}
	for i := range all {
		for _, w := range all[i].Name.Words {
			frequency[w]++
		}
	}
	var sure, words []met
	for i := range all {
		for _, k := range keys(&all[i]) {
			sure = append(sure, met{k, int32(i)})
		}
		for _, k := range wordKeys(&all[i], frequency) {
			words = append(words, met{k, int32(i)})
		}
	}
	var out [][2]int32
	out = pairs(out, all, sure, crowdOfCodes)
	out = pairs(out, all, words, crowdOfWords)
	slices.SortFunc(out, func(a, b [2]int32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return slices.Compact(out)
}

// pairs adds those that meet under a key and are of different sources, unless a key gives more than most.
func pairs(out [][2]int32, all []Facts, ms []met, most int) [][2]int32 {
	slices.SortFunc(ms, func(a, b met) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.item, b.item)) })
	for len(ms) > 0 {
		n := 1
		for n < len(ms) && ms[n].key == ms[0].key {
			n++
		}
		shelf := ms[:n]
		ms = ms[n:]
		source := func(m met) string { return all[m.item].Key.Source }
		if !slices.ContainsFunc(shelf, func(m met) bool { return source(m) != source(shelf[0]) }) {
			continue // most keys are of one portal
		}
		before := len(out)
		for i, a := range shelf {
			for _, b := range shelf[i+1:] {
				if a.item != b.item && source(a) != source(b) {
					out = append(out, [2]int32{a.item, b.item})
				}
			}
			if len(out)-before > most {
				out = out[:before]
				break
			}
		}
	}
	return out
}

// hash makes a key of texts (FNV-1a). Two that fall together only cost a look.
func hash(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

// keys are what an item is surely met by: codes, addresses, and whole titles.
func keys(f *Facts) []uint64 {
	var out []uint64
	code := func(c string) {
		if c != "" {
			out = append(out, hash("code", c))
		}
	}
	code(f.ID)
	code(f.Call)
	for _, c := range f.Codes {
		code(c.Code)
	}
	if f0(f) { // a page of the whole call names a beginning of the code
		for c := f.ID; strings.Count(c, "-") > 2; {
			c = c[:strings.LastIndexByte(c, '-')]
			code(c)
		}
	}
	if f.URL != "" {
		out = append(out, hash("url", f.URL))
	}
	for _, l := range f.Links {
		out = append(out, hash("url", l))
	}
	if telling(len(f.Name.Words), letters(f.Name.Words)) {
		out = append(out, hash("title", strings.Join(f.Name.Words, " ")))
	}
	for _, o := range f.Other {
		out = append(out, hash("title", strings.Join(name(o).Words, " ")))
	}
	return out
}

// wordKeys are every two of the title's rarest words, with each of its days: titles alike enough share two, and of those
// whose whole title is one word, the title is the key.
func wordKeys(f *Facts, frequency map[string]int) []uint64 {
	words := slices.Clone(f.Name.Words)
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(frequency[a], frequency[b]), strings.Compare(a, b)) })
	words = slices.Compact(words)
	words = words[:min(len(words), rareWords)]
	slices.Sort(words)
	var out []uint64
	times := append(years(f), f.Days...)
	for i, a := range words {
		for _, b := range words[i+1:] {
			for _, t := range times {
				out = append(out, hash("words", a, b, t))
			}
		}
	}
	return out
}

// years are those in which a notice without a day of its own, and what it may be a notice of, can meet.
func years(f *Facts) []string {
	switch {
	case f.Kind == call.KindNews && f.Opens != "" && len(f.Days) == 0:
		return []string{f.Opens[:4]}
	case f.Kind == call.KindNews:
		return nil
	}
	var out []string
	for _, d := range append(slices.Clone(f.Days), f.Opens) {
		if t, err := time.Parse(time.DateOnly, d); err == nil {
			out = append(out, t.Format("2006"), t.AddDate(0, -noticeMonths, 0).Format("2006"), t.AddDate(0, 2, 0).Format("2006"))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ambiguous is how near the second best may come before a title says too little.
const ambiguous = 30

// chosen keeps the links that are the best that each of their two sides has in the other's source.
func chosen(same []Link, facts map[call.Key]*Facts) []Link {
	type side struct {
		item   call.Key
		source string
	}
	offers := map[side][]Link{}
	for _, l := range same {
		offers[side{l.A, l.B.Source}] = append(offers[side{l.A, l.B.Source}], l)
		offers[side{l.B, l.A.Source}] = append(offers[side{l.B, l.A.Source}], l)
	}
	type pair struct{ a, b call.Key }
	wins := map[pair]int{}
	for s, links := range offers {
		if best, ok := bestOf(links, s.item, facts); ok {
			wins[pair{best.A, best.B}]++
		}
	}
	var out []Link
	for _, l := range same {
		if wins[pair{l.A, l.B}] == 2 {
			out = append(out, l)
		}
	}
	return out
}

// bestOf gives the strongest link of an item to a source. Where two are as strong, an identifier is decided by what
// stands, the title and how much is stated; an address that several items share, or a title that fits several, by nothing.
func bestOf(links []Link, item call.Key, facts map[call.Key]*Facts) (Link, bool) {
	other := func(l Link) *Facts {
		if l.A == item {
			return facts[l.B]
		}
		return facts[l.A]
	}
	score := func(l Link) float64 { return alike(facts[l.A].Name, facts[l.B].Name).score }
	links = slices.Clone(links)
	slices.SortFunc(links, func(x, y Link) int {
		ox, oy := other(x), other(y)
		return cmp.Or(cmp.Compare(y.Strength, x.Strength), cmp.Compare(bit(ox.Gone), bit(oy.Gone)), cmp.Compare(score(y), score(x)),
			cmp.Compare(oy.Rich, ox.Rich), ox.Key.Compare(oy.Key))
	})
	best := links[0]
	if len(links) == 1 {
		return best, true
	}
	second := links[1]
	switch best.Reason.By {
	case ByAddress:
		if second.Strength == best.Strength && (score(best) < likeTitle || score(second) >= likeTitle) {
			return Link{}, false
		}
	case ByTitle:
		exact := score(best) == 1 && score(second) < 1
		if second.Strength > best.Strength-ambiguous && !exact {
			return Link{}, false
		}
	}
	return best, true
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
