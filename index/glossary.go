package index

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// glossaryFile is the house's own glossary: what the field calls things in Swedish and in English. A line is a
// concept, its Swedish words before the =, its English after it, the usual ones first; # starts a comment.
// Inflected forms need no line, they share a stem; nor do compounds of which every part has one.
//
//go:embed glossary.txt
var glossaryFile string

// How much words in the other language count beside those that were typed, by where they come from.
const (
	weightHouse = 0.6
	weightPlan  = 0.5
	weightTable = 0.35 // labels of a concept table stand alone, many are place names or rare
	weightLater = 0.5  // of the usual word, for those after it in a line
	weightSplit = 0.7  // a compound translated part by part

	maxAlternatives = 4  // of a word or phrase
	maxSought       = 48 // in a query: what is added is bounded as what is typed is
)

// Pair is a Swedish and an English word, or phrase, for the same thing.
type Pair struct {
	SV, EN string
	Weight float64 // beside the usual 1; 0 is 1
}

// Sought is what a search looked for beside a word or phrase of the query.
type Sought struct {
	For  string   `json:"for"`  // as typed
	Also []string `json:"also"` // in the other language
}

// alternative is what may stand for words of a query in one language: for each of its parts one of several texts.
type alternative struct {
	lang   string
	weight float64
	parts  [][]string
}

func (a alternative) String() string {
	words := make([]string, len(a.parts))
	for i, p := range a.parts {
		words[i] = p[0]
	}
	return strings.Join(words, " + ")
}

// translation is a text in the other language.
type translation struct {
	text   string
	weight float64
}

// glossary gives for words of one language those of the other: what the house calls them, which knows best, and for what it does
// not know what a plan does. It is safe for concurrent use.
type glossary struct {
	analysers  *analysers
	house, own *dictionary
	longest    int      // words in the longest phrase
	words      []string // of the house, as written: corrections and suggestions know them
	table      func() []Pair
}

// dictionary is pairs of words, found from either side. It is not altered once it is filled.
type dictionary struct {
	sv, en  map[string][]translation // by stems
	folded  map[string][]translation // Swedish ones typed without their dots
	longest int                      // words in the longest phrase
}

// readGlossary reads the house's file. All bad lines come as one error.
func readGlossary(text string) ([]Pair, error) {
	var out []Pair
	var bad []error
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		sv, en, ok := strings.Cut(line, "=")
		svs, ens := list(sv), list(en)
		if !ok || len(svs) == 0 || len(ens) == 0 {
			bad = append(bad, fmt.Errorf("glossary.txt:%d: want Swedish words = English words, got %q", n, strings.TrimSpace(line)))
			continue
		}
		for i, s := range svs {
			for k, e := range ens {
				w := 1.0
				if i+k > 0 {
					w = weightLater
				}
				out = append(out, Pair{s, e, w})
			}
		}
	}
	return out, errors.Join(bad...)
}

func list(s string) []string {
	var out []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.Join(strings.Fields(w), " "); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// newGlossary joins the house's pairs with an installation's; table is asked for what neither knows, and may be nil.
func newGlossary(a *analysers, more []Pair, table func() []Pair) (*glossary, error) {
	house, err := readGlossary(glossaryFile)
	if err != nil {
		return nil, err
	}
	g := &glossary{analysers: a, house: newDictionary(a, house, weightHouse)}
	if table != nil {
		g.table = sync.OnceValue(table)
	}
	for _, p := range house {
		g.words = append(g.words, p.SV, p.EN)
	}
	slices.Sort(g.words)
	g.words = slices.Compact(g.words)
	return g.of(more), nil
}

// of is the glossary with other pairs in place of the installation's.
func (g *glossary) of(pairs []Pair) *glossary {
	out := *g
	out.own = newDictionary(g.analysers, pairs, weightPlan)
	out.longest = max(out.house.longest, out.own.longest)
	return &out
}

func newDictionary(a *analysers, pairs []Pair, weight float64) *dictionary {
	d := &dictionary{sv: map[string][]translation{}, en: map[string][]translation{}, folded: map[string][]translation{}}
	for _, p := range pairs {
		d.add(a, p, weight)
	}
	return d
}

func (d *dictionary) add(a *analysers, p Pair, weight float64) {
	weight *= cmp.Or(p.Weight, 1)
	sv, n := stems(a.sv, p.SV)
	en, m := stems(a.en, p.EN)
	if sv == "" || en == "" {
		return // nothing but stop words
	}
	d.longest = max(d.longest, n, m)
	put := func(in map[string][]translation, key, text string) {
		if !slices.ContainsFunc(in[key], func(t translation) bool { return strings.EqualFold(t.text, text) }) {
			in[key] = append(in[key], translation{text, weight})
		}
	}
	put(d.sv, sv, p.EN)
	put(d.en, en, p.SV)
	if f := fold(sv); f != sv {
		put(d.folded, f, p.EN)
	}
}

// swedish, english and typedPlainly look stems up, the last where dots may have been left out.
func (g *glossary) swedish(key string) []translation { return known(g.house.sv, g.own.sv, key) }
func (g *glossary) english(key string) []translation { return known(g.house.en, g.own.en, key) }
func (g *glossary) typedPlainly(key string) []translation {
	return known(g.house.folded, g.own.folded, key)
}

func known(house, own map[string][]translation, key string) []translation {
	if ts, ok := house[key]; ok {
		return ts
	}
	return own[key]
}

// stems gives the stems of a text's words without stop words, joined, and how many they are.
func stems(a *analyser, text string) (string, int) {
	var out []string
	for _, w := range readTyped(a, text) {
		if len(w.terms) > 0 {
			out = append(out, w.terms[0].text)
		}
	}
	return strings.Join(out, " "), len(out)
}

// find gives what stands for a text in either language, best first; several says that it must be of more than one word.
func (g *glossary) find(text string, several bool) []alternative {
	var out []alternative
	take := func(lang string, ts []translation) {
		ts = slices.Clone(ts)
		slices.SortStableFunc(ts, func(a, b translation) int { return cmp.Compare(b.weight, a.weight) })
		for _, t := range ts[:min(len(ts), maxAlternatives)] {
			out = append(out, alternative{lang, t.weight, [][]string{{t.text}}})
		}
	}
	if key, n := stems(g.analysers.sv, text); n > 0 && (n > 1 || !several) {
		ts := g.swedish(key)
		if ts == nil && fold(key) == key {
			ts = g.typedPlainly(key)
		}
		take("en", ts)
	}
	if key, n := stems(g.analysers.en, text); n > 0 && (n > 1 || !several) {
		take("sv", g.english(key))
	}
	return out
}

// byParts translates a Swedish compound whose parts the glossary knows, the longest joins of parts first.
func (g *glossary) byParts(word string) []alternative {
	lower := strings.ToLower(compose(word))
	spans := g.analysers.sv.words.split(lower)
	if len(spans) < 2 {
		return nil
	}
	alt := alternative{lang: "en", weight: weightHouse * weightSplit}
	for i := 0; i < len(spans); {
		end := len(spans)
		var texts []string
		for ; end > i && texts == nil; end-- {
			key, _ := stems(g.analysers.sv, lower[spans[i].from:spans[end-1].to])
			for _, t := range g.swedish(key) {
				texts = append(texts, t.text)
			}
		}
		if texts == nil {
			return nil
		}
		alt.parts = append(alt.parts, texts[:min(len(texts), maxAlternatives-1)])
		i = end + 1
	}
	return []alternative{alt}
}

// fromTable looks a word up in the imported table, letter by letter up to where stems differ: stemming tens of thousands
// of labels would cost more than any search.
func (g *glossary) fromTable(word string) []alternative {
	if g.table == nil {
		return nil
	}
	svKey, n := stems(g.analysers.sv, word)
	enKey, m := stems(g.analysers.en, word)
	svStart, enStart := svKey[:cutAt(svKey, 4)], enKey[:cutAt(enKey, 4)]
	var out []alternative
	for _, p := range g.table() {
		for _, side := range []struct {
			label, other, key, start, lang string
			a                              *analyser
			n                              int
		}{{p.SV, p.EN, svKey, svStart, "en", g.analysers.sv, n}, {p.EN, p.SV, enKey, enStart, "sv", g.analysers.en, m}} {
			if side.n == 0 || len(side.label) < len(side.start) || !strings.EqualFold(side.label[:cutAt(side.label, len(side.start))], side.start) {
				continue
			}
			if key, _ := stems(side.a, side.label); key == side.key && !strings.EqualFold(p.SV, p.EN) {
				out = append(out, alternative{side.lang, weightTable, [][]string{{side.other}}})
			}
		}
		if len(out) == 2 {
			break
		}
	}
	return out
}

// soughtNode is a part of a query with what else is looked for in its place. Parse makes none.
type soughtNode struct {
	Node
	text string // as typed
	alts []alternative
}

// broaden adds to the words of a query what they are called in the other language. What is negated, in quotes or ends
// in a star is meant as it is written.
func (g *glossary) broaden(n Node, left *int) Node {
	switch n := n.(type) {
	case wordNode:
		if !n.Prefix {
			return g.word(n, n.Text, left)
		}
	case fieldNode:
		if n.Field == "title" && !n.Quote && !n.Star {
			return g.word(n, n.Value, left)
		}
	case orNode:
		out := make(orNode, len(n))
		for i, c := range n {
			out[i] = g.broaden(c, left)
		}
		return out
	case andNode:
		return g.and(n, left)
	}
	return n
}

func (g *glossary) word(n Node, text string, left *int) Node {
	alts := g.find(text, false)
	if alts == nil {
		alts = g.byParts(text)
	}
	if alts == nil {
		alts = g.fromTable(text)
	}
	return sought(n, text, alts, left)
}

func sought(n Node, text string, alts []alternative, left *int) Node {
	if len(alts) == 0 || *left < len(alts) {
		return n
	}
	*left -= len(alts)
	return soughtNode{n, text, alts}
}

// and looks for phrases among words that stand side by side, the longest first, and then for each word.
func (g *glossary) and(n andNode, left *int) Node {
	text := func(c Node) (string, bool) {
		w, ok := c.(wordNode)
		return w.Text, ok && !w.Prefix
	}
	var out andNode
	for i := 0; i < len(n); {
		run := []string{}
		for k := i; k < len(n) && len(run) < g.longest+2; k++ { // two stop words, as in centre of excellence
			w, ok := text(n[k])
			if !ok {
				break
			}
			run = append(run, w)
		}
		size := len(run)
		var alts []alternative
		for ; size > 1; size-- {
			if alts = g.find(strings.Join(run[:size], " "), true); alts != nil {
				break
			}
		}
		if alts == nil {
			out = append(out, g.broaden(n[i], left))
			i++
			continue
		}
		words := make(andNode, size)
		for k := range words {
			words[k] = fainter(g.broaden(n[i+k], left))
		}
		out = append(out, sought(words, strings.Join(run[:size], " "), alts, left))
		i += size
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

// fainter takes half of the weight from what stands for a word of a phrase that is itself stood for: a call in the other
// language would count its words twice.
func fainter(n Node) Node {
	s, ok := n.(soughtNode)
	if !ok {
		return n
	}
	s.alts = slices.Clone(s.alts)
	for i := range s.alts {
		s.alts[i].weight /= 2
	}
	return s
}

// soughtOf lists what a broadened query looks for besides, in the order of its words.
func soughtOf(n Node) []Sought {
	switch n := n.(type) {
	case soughtNode:
		s := Sought{For: n.text}
		for _, a := range n.alts {
			if text := a.String(); !slices.Contains(s.Also, text) && !strings.EqualFold(text, n.text) {
				s.Also = append(s.Also, text)
			}
		}
		out := soughtOf(n.Node)
		if len(s.Also) > 0 {
			out = append([]Sought{s}, out...)
		}
		return out
	case andNode:
		return soughtOfAll(n)
	case orNode:
		return soughtOfAll(n)
	}
	return nil
}

func soughtOfAll(nodes []Node) (out []Sought) {
	for _, c := range nodes {
		out = append(out, soughtOf(c)...)
	}
	return out
}

// sought makes a matcher of words and what may stand for them.
func (r *run) sought(n soughtNode, stops, positive bool) (matcher, error) {
	own, err := r.compile(n.Node, stops, positive)
	if own == nil || err != nil {
		return nil, err
	}
	where := anyField
	if _, ok := n.Node.(fieldNode); ok {
		where = titleField
	}
	var alts orMatcher
	as := -1
	if ws := readTyped(r.analysers.sv, n.text); len(ws) > 0 {
		if number, ok := r.marks.words[ws[0].lower]; ok {
			as = number
		}
	}
	before := r.only
	defer func() { r.only = before }()
	for _, a := range n.alts {
		r.only = narrow{lang: a.lang, scale: before.factor() * a.weight, as: as, on: true}
		parts := make(andMatcher, 0, len(a.parts))
		for _, texts := range a.parts {
			either := make(orMatcher, 0, len(texts))
			for _, t := range texts {
				m, err := r.text(t, false, false, true, positive, where)
				if err != nil {
					return nil, err
				}
				if m != nil && countOfMatcher(m) > 0 {
					either = append(either, m)
				}
			}
			if len(either) == 0 {
				parts = nil
				break
			}
			parts = append(parts, either)
		}
		if parts != nil {
			slices.SortStableFunc(parts, func(a, b matcher) int { return cmp.Compare(a.cost(r), b.cost(r)) })
			alts = append(alts, parts)
		}
	}
	if len(alts) == 0 {
		return own, nil
	}
	return &soughtMatcher{own, alts}, nil
}

// soughtMatcher finds documents that have words, and of the others those that have what may stand for them: a call whose
// title comes in both languages is not twice as good.
type soughtMatcher struct {
	own  matcher
	alts orMatcher
}

func (m *soughtMatcher) cost(r *run) uint64 { return m.own.cost(r) + m.alts.cost(r) }

func (m *soughtMatcher) match(r *run, part int, within set) (set, error) {
	own, err := m.own.match(r, part, within)
	if err != nil {
		return nil, err
	}
	rest := within.clone()
	rest.subtract(own)
	alts, err := m.alts.match(r, part, rest)
	if err != nil {
		return nil, err
	}
	out := own.clone()
	out.union(alts)
	return out, nil
}

// narrow binds what is compiled to one language, and weighs and marks it as what it stands for.
type narrow struct {
	on    bool
	lang  string // empty: both
	scale float64
	as    int // number of the query's word; -1 for one of its own
}

func (n narrow) factor() float64 {
	if !n.on {
		return 1
	}
	return n.scale
}

func (n narrow) langs() []string {
	if n.lang == "" {
		return []string{"sv", "en"}
	}
	return []string{n.lang}
}

// countOfMatcher tells about how many documents a word's or phrase's terms are in.
func countOfMatcher(m matcher) uint64 {
	switch m := m.(type) {
	case *wordMatcher:
		return m.sum
	case *phraseMatcher:
		return m.sum
	}
	return 1
}
