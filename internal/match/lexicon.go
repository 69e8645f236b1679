package match

import (
	"slices"
	"strings"

	"utkik/internal/text"
)

// lexicon finds phrases in text, any number of them in one pass. Word patterns become symbols, phrases
// become paths of symbols in a trie; a text's words are looked up once, whoever asks for them. A phrase's
// number is the order in which it was first added, and the same words have the same number whichever
// priority or plan they come from.
//
// A lexicon is built by add and not changed after; find may then run in parallel.
type lexicon struct {
	patterns patterns
	first    []int32 // by symbol: the node to which it leads from the root, or 0
	later    []bool  // by symbol: whether it leads from any other node
	next     edges   // from node to node, by symbol
	nodes    []node  // of the trie
	phrases  int
}

// node is what is at a node of the trie.
type node struct {
	phrase int32  // that ends there, or -1
	onward uint32 // a bit for the symbols of each edge, see [hint]
}

// hint is the bit of [node.onward] for a symbol. Few nodes have more than a few edges, and so most words that lead nowhere
// are told by it, without a look at the table of edges.
func hint(s int32) uint32 { return 1 << (uint32(s) * 0x9e3779b9 >> 27) }

func newLexicon() *lexicon {
	return &lexicon{patterns: newPatterns(), nodes: []node{{phrase: -1}}}
}

// add puts a phrase in and gives its number, -1 if it holds no word. A star at a word's end stands for
// any ending, at its beginning for any beginning; words are as [text.Words] makes them, and hyphens
// between words are the same as spaces.
func (l *lexicon) add(phrase string) int32 {
	at := int32(0)
	for _, w := range strings.Fields(phrase) {
		open, closed := strings.HasPrefix(w, "*"), strings.HasSuffix(w, "*")
		parts := words(strings.Trim(w, "*"))
		for i, p := range parts {
			s := l.patterns.add(p.text, open && i == 0, closed && i == len(parts)-1)
			at = l.step(at, s)
		}
	}
	if at == 0 {
		return -1
	}
	n := &l.nodes[at]
	if n.phrase < 0 {
		n.phrase = int32(l.phrases)
		l.phrases++
	}
	return n.phrase
}

// step gives the node to which s leads from another, and makes it if there is none.
func (l *lexicon) step(from int32, s symbol) int32 {
	for int(s) >= len(l.first) {
		l.first, l.later = append(l.first, 0), append(l.later, false)
	}
	to := l.next.step(from, int32(s))
	if from == 0 {
		to = l.first[s]
	}
	if to != 0 {
		return to
	}
	to = int32(len(l.nodes))
	l.nodes = append(l.nodes, node{phrase: -1})
	if from == 0 {
		l.first[s] = to
	} else {
		l.next.add(from, int32(s), to)
		l.nodes[from].onward |= hint(int32(s))
		l.later[s] = true
	}
	return to
}

// find calls found for every phrase in ws, with the first word and the word after the last.
func (l *lexicon) find(ws []word, found func(phrase int32, from, to int)) {
	var r reader
	l.read(&r, ws, found)
}

// reader is the memory of searches, kept from one to the next: what a word means to a lexicon is found once.
type reader struct {
	known map[string]run
	steps []int32 // of all known words, one's behind the other's
	runs  []run   // by word of the text
	fits  []symbol
}

// run is a word's part of [reader.steps]: the nodes to which it leads from the root, then the symbols that may lead on
// from others.
type run struct{ from, later, to int32 }

// remembered is how many words a reader knows before it begins anew: more than the calls of a year hold, in a
// few megabytes.
const remembered = 1 << 16

func (l *lexicon) read(r *reader, ws []word, found func(phrase int32, from, to int)) {
	if r.known == nil || len(r.known) > remembered {
		r.known, r.steps = map[string]run{}, r.steps[:0]
	}
	r.runs = r.runs[:0]
	for _, w := range ws {
		in, ok := r.known[w.text]
		if !ok {
			in = l.know(r, w.text)
			r.known[strings.Clone(w.text)] = in
		}
		r.runs = append(r.runs, in)
	}
	for i, in := range r.runs {
		for _, at := range r.steps[in.from:in.later] {
			l.walk(r, at, i, i+1, found)
		}
	}
}

// know finds where a word leads.
func (l *lexicon) know(r *reader, word string) run {
	var in run
	r.fits = l.patterns.match(word, r.fits[:0])
	in.from = int32(len(r.steps))
	for _, s := range r.fits {
		if at := l.first[s]; at != 0 {
			r.steps = append(r.steps, at)
		}
	}
	in.later = int32(len(r.steps))
	for _, s := range r.fits {
		if l.later[s] {
			r.steps = append(r.steps, int32(s))
		}
	}
	in.to = int32(len(r.steps))
	return in
}

// walk goes on from a node, which the words in from..to-1 have led to.
func (l *lexicon) walk(r *reader, at int32, from, to int, found func(phrase int32, from, to int)) {
	n := l.nodes[at]
	if n.phrase >= 0 {
		found(n.phrase, from, to)
	}
	if n.onward == 0 || to == len(r.runs) {
		return
	}
	in := r.runs[to]
	for _, s := range r.steps[in.later:in.to] {
		if n.onward&hint(s) == 0 {
			continue
		}
		if next := l.next.step(at, s); next != 0 {
			l.walk(r, next, from, to+1, found)
		}
	}
}

// symbol is a pattern of a word: the word itself, or what words begin with, end with or hold.
type symbol int32

// patterns tell which of any number of patterns a word fits.
type patterns struct {
	symbols map[string]symbol // by pattern, stars included; a word without a star stands for itself
	begins  letters           // patterns abc*
	ends    letters           // patterns *abc, spelt backwards
	within  letters           // patterns *abc*
}

func newPatterns() patterns {
	return patterns{map[string]symbol{}, newLetters(), newLetters(), newLetters()}
}

// add gives the symbol of a word with a star before it (open) or behind it (closed). The word holds none.
func (p *patterns) add(word string, open, closed bool) symbol {
	key := word
	if open {
		key = "*" + key
	}
	if closed {
		key += "*"
	}
	if s, ok := p.symbols[key]; ok {
		return s
	}
	s := symbol(len(p.symbols))
	p.symbols[strings.Clone(key)] = s
	switch {
	case open && closed:
		p.within.add(word, s)
	case open:
		p.ends.add(backwards(word), s)
	case closed:
		p.begins.add(word, s)
	}
	return s
}

// match appends the symbols that w fits, each once. w holds no star.
func (p *patterns) match(w string, out []symbol) []symbol {
	if s, ok := p.symbols[w]; ok {
		out = append(out, s)
	}
	out = p.begins.walk(w, out)
	out = p.ends.walkBack(w, out)
	if p.within.size() > 1 {
		from := len(out)
		for i := range w {
			out = p.within.walk(w[i:], out)
		}
		if len(out)-from > 1 { // "an" stands twice in "banana"
			slices.Sort(out[from:])
			out = out[:from+len(slices.Compact(out[from:]))]
		}
	}
	return out
}

// letters is a trie of bytes.
type letters struct {
	next edges
	at   []symbol // by node, -1 where no pattern ends
}

func newLetters() letters { return letters{at: []symbol{-1}} }

func (t *letters) size() int { return len(t.at) }

func (t *letters) add(w string, s symbol) {
	node := int32(0)
	for i := range len(w) {
		to := t.next.step(node, int32(w[i]))
		if to == 0 {
			to = int32(len(t.at))
			t.at = append(t.at, -1)
			t.next.add(node, int32(w[i]), to)
		}
		node = to
	}
	t.at[node] = s
}

// walk appends the patterns that w begins with. The root holds none: a pattern has letters.
func (t *letters) walk(w string, out []symbol) []symbol {
	node := int32(0)
	for i := range len(w) {
		if node = t.next.step(node, int32(w[i])); node == 0 {
			break
		}
		if s := t.at[node]; s >= 0 {
			out = append(out, s)
		}
	}
	return out
}

// walkBack is walk from the other end of w.
func (t *letters) walkBack(w string, out []symbol) []symbol {
	node := int32(0)
	for i := len(w) - 1; i >= 0; i-- {
		if node = t.next.step(node, int32(w[i])); node == 0 {
			break
		}
		if s := t.at[node]; s >= 0 {
			out = append(out, s)
		}
	}
	return out
}

func backwards(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// word is a word of a text, or one part of a word with hyphens.
type word struct {
	text       string
	start, end int // byte offsets; of a part, exact where the parts fill the word, else the whole word's
}

// words cuts s into words and words with hyphens into their parts: "climate-neutral" and "climate
// neutral" are the same phrase, and "EU-kommissionen" holds "EU".
func words(s string) []word {
	found := text.Words(s)
	return appendParts(make([]word, 0, len(found)), found)
}

// appendParts adds the words that [words] makes of found to dst.
func appendParts(dst []word, found []text.Word) []word {
	for _, w := range found {
		if strings.IndexByte(w.Text, '-') < 0 && strings.IndexByte(w.Text, '_') < 0 {
			dst = append(dst, word{w.Text, w.Start, w.End})
			continue
		}
		exact := len(w.Text) == w.End-w.Start // lower case and NFC may change the length
		at := 0
		for p := range strings.FieldsFuncSeq(w.Text, joint) {
			if exact {
				at += strings.Index(w.Text[at:], p)
				dst = append(dst, word{p, w.Start + at, w.Start + at + len(p)})
				at += len(p)
			} else {
				dst = append(dst, word{p, w.Start, w.End})
			}
		}
	}
	return dst
}

func joint(r rune) bool { return r == '-' || r == '_' }
