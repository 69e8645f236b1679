package link

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"utkik/internal/call"
)

// Find gives the links between calls of different sources, by their keys: of all that [Offers] holds for the same, every
// item keeps its best counterpart of each other source.
func Find(all []Facts) []Link {
	return Choose(Offers(all), Among(all))
}

// Among looks facts up by key.
func Among(all []Facts) func(call.Key) *Facts {
	byKey := make(map[call.Key]*Facts, len(all))
	for i := range all {
		byKey[all[i].Key] = &all[i]
	}
	return func(k call.Key) *Facts { return byKey[k] }
}

// Offers asks [Judge] about every two calls of different sources that meet ([KeysOf]), and gives what it says, by key.
func Offers(all []Facts) []Link {
	var out []Link
	for _, p := range meetings(all) {
		if l, ok := Judge(&all[p[0]], &all[p[1]]); ok {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, byKeys)
	return out
}

func byKeys(a, b Link) int { return cmp.Or(a.A.Compare(b.A), a.B.Compare(b.B)) }

// Choose gives the links that offers come to, by key: parts as they are, and of what is the same the best that each of two
// sides has in the other's source. Whether two calls are linked hangs on the offers that name either of them, and on no
// others; facts must know whoever is named.
func Choose(offers []Link, facts func(call.Key) *Facts) []Link {
	var out, same []Link
	for _, l := range offers {
		if l.Relation == Same {
			same = append(same, l)
		} else {
			out = append(out, l)
		}
	}
	out = append(out, chosen(same, facts)...)
	slices.SortFunc(out, byKeys)
	return out
}

// How many calls may share a key: a code or an address that more share is a portal's word for "none", and a word that more
// share is not rare. Both bound what one changed call costs, however many there are.
const (
	CrowdOfSure  = 1024
	CrowdOfWords = 2048
)

// Keys are what an item meets others by. They are made of its facts alone, so that they can be kept beside them.
type Keys struct {
	Sure        []int64 // codes, addresses and whole titles: one in common is a meeting
	Words       []int64 // of the title: two in common are, where the days between which both can be meant overlap
	From, Until int64   // those days, in days since 1970
}

// overlap tells whether the days of two items that have Words overlap.
func (k *Keys) overlap(o *Keys) bool { return k.From <= o.Until && o.From <= k.Until }

// met is an item under a key.
type met struct {
	key    int64
	source int32
	item   int32
}

// span is a stretch of met.
type span struct{ from, to int32 }

// meetings gives pairs of places in all, each once, in order.
func meetings(all []Facts) [][2]int32 {
	sources := map[string]int32{}
	keys := make([]Keys, len(all))
	var sure, words []met
	for i := range all {
		source, ok := sources[all[i].Key.Source]
		if !ok {
			source = int32(len(sources))
			sources[all[i].Key.Source] = source
		}
		keys[i] = KeysOf(&all[i])
		for _, k := range keys[i].Sure {
			sure = append(sure, met{k, source, int32(i)})
		}
		for _, k := range keys[i].Words {
			words = append(words, met{k, source, int32(i)})
		}
	}
	var out [][2]int32
	pair := func(a, b int32) { out = append(out, [2]int32{min(a, b), max(a, b)}) }
	for i, before := range others(sure, CrowdOfSure) {
		for _, m := range sure[before.from:before.to] {
			pair(m.item, sure[i].item)
		}
	}
	before := make([][]span, len(all)) // by item: who shares each of its words
	for i, s := range others(words, CrowdOfWords) {
		if s.from < s.to {
			item := words[i].item
			before[item] = append(before[item], s)
		}
	}
	shared := make([]uint8, len(all)) // words of the item at hand, at most two
	for item, spans := range before {
		for _, s := range spans {
			for _, m := range words[s.from:s.to] {
				if shared[m.item] == 1 && keys[item].overlap(&keys[m.item]) {
					pair(int32(item), m.item)
				}
				shared[m.item] = min(shared[m.item]+1, 2)
			}
		}
		for _, s := range spans {
			for _, m := range words[s.from:s.to] {
				shared[m.item] = 0
			}
		}
	}
	slices.SortFunc(out, func(a, b [2]int32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return slices.Compact(out)
}

// others orders ms by key and source, and gives for each the stretch of those under its key that are of sources before its
// own; none under a key that more than most share.
func others(ms []met, most int) []span {
	slices.SortFunc(ms, func(a, b met) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.source, b.source), cmp.Compare(a.item, b.item))
	})
	out := make([]span, len(ms))
	for from := 0; from < len(ms); {
		to, block := from, from
		for to < len(ms) && ms[to].key == ms[from].key {
			if ms[to].source != ms[block].source {
				block = to
			}
			out[to] = span{int32(from), int32(block)}
			to++
		}
		if to-from > most {
			clear(out[from:to])
		}
		from = to
	}
	return out
}

// hash makes a key of texts (FNV-1a). Two that fall together only cost a look.
func hash(parts ...string) int64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return int64(h)
}

// SourceKey is a source as it stands beside keys that are kept: by it a source's own calls are passed over.
func SourceKey(source string) int64 { return hash("source", source) }

// KeysOf gives the keys of an item, each once.
func KeysOf(f *Facts) Keys {
	var out Keys
	code := func(c string) {
		if c != "" {
			out.Sure = append(out.Sure, hash("code", c))
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
		out.Sure = append(out.Sure, hash("url", f.URL))
	}
	for _, l := range f.Links {
		out.Sure = append(out.Sure, hash("url", l))
	}
	if telling(len(f.Name.Words), letters(f.Name.Words)) {
		out.Sure = append(out.Sure, hash("title", strings.Join(f.Name.Words, " ")))
	}
	for _, o := range f.Other {
		out.Sure = append(out.Sure, hash("title", strings.Join(name(o).Words, " ")))
	}
	slices.Sort(out.Sure)
	out.Sure = slices.Compact(out.Sure)
	var ok bool
	if out.From, out.Until, ok = meant(f); ok {
		for _, w := range f.Name.Words {
			out.Words = append(out.Words, hash("word", w))
		}
		slices.Sort(out.Words)
		out.Words = slices.Compact(out.Words)
	}
	return out
}

// meant gives the days between which an item can be meant by another of the same title: whoever [byTitle] finds to be of one
// time has such a day in common. ok is false where there are none.
func meant(f *Facts) (from, until int64, ok bool) {
	add := func(day string, months, days int) {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return
		}
		n := t.AddDate(0, months, days).Unix() / (24 * 60 * 60)
		if !ok {
			from, until, ok = n, n, true
		}
		from, until = min(from, n), max(until, n)
	}
	for _, d := range f.Days {
		add(d, 0, 0)
		add(d, 0, graceDays)
	}
	add(f.Opens, 0, 0)
	if f.Kind == call.KindNews {
		return from, until, ok
	}
	first := f.Opens
	if first == "" && len(f.Days) > 0 {
		first = f.Days[0]
	}
	add(first, -noticeMonths, 0)
	if len(f.Days) == 0 {
		add(first, noticeMonths, 0)
	}
	return from, until, ok
}

// ambiguous is how near the second best may come before a title says too little.
const ambiguous = 30

// chosen keeps the links that are the best that each of their two sides has in the other's source.
func chosen(same []Link, facts func(call.Key) *Facts) []Link {
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
func bestOf(links []Link, item call.Key, facts func(call.Key) *Facts) (Link, bool) {
	other := func(l Link) *Facts {
		if l.A == item {
			return facts(l.B)
		}
		return facts(l.A)
	}
	score := func(l Link) float64 { return alike(facts(l.A).Name, facts(l.B).Name).score }
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
