package match

import (
	"strings"
	"unicode/utf8"

	"utkik/internal/text"
)

// lexicon finds phrases in text, any number of them in one pass. Word patterns become symbols, phrases
// become paths of symbols in a trie; a text's words are looked up once, whoever asks for them. A phrase's
// number is the order in which it was first added, and the same words have the same number whichever
// priority or plan they come from.
//
// A lexicon is built by add and not changed after; find may then run in parallel.
type lexicon struct {
	symbols map[string]symbol // by word pattern, stars included
	exact   map[string]symbol
	begins  letters // patterns abc*
	ends    letters // patterns *abc, spelt backwards
	within  letters // patterns *abc*
	next    map[step]int32
	last    []int32 // by node of the trie: the phrase that ends there, or -1
	phrases int
	longest int // words of the longest phrase
}

// symbol is a word pattern.
type symbol int32

// step is an edge of the trie of phrases.
type step struct {
	node int32
	by   symbol
}

func newLexicon() *lexicon {
	return &lexicon{
		symbols: map[string]symbol{},
		exact:   map[string]symbol{},
		begins:  newLetters(),
		ends:    newLetters(),
		within:  newLetters(),
		next:    map[step]int32{},
		last:    []int32{-1},
	}
}

// add puts a phrase in and gives its number, -1 if it holds no word. A star at a word's end stands for
// any ending, at its beginning for any beginning; words are as [text.Words] makes them, and hyphens
// between words are the same as spaces.
func (l *lexicon) add(phrase string) int32 {
	node, length := int32(0), 0
	for _, w := range strings.Fields(phrase) {
		open, closed := strings.HasPrefix(w, "*"), strings.HasSuffix(w, "*")
		parts := words(strings.Trim(w, "*"))
		for i, p := range parts {
			s := l.symbol(p.text, open && i == 0, closed && i == len(parts)-1)
			at, ok := l.next[step{node, s}]
			if !ok {
				at = int32(len(l.last))
				l.last = append(l.last, -1)
				l.next[step{node, s}] = at
			}
			node = at
			length++
		}
	}
	if node == 0 {
		return -1
	}
	if l.last[node] < 0 {
		l.last[node] = int32(l.phrases)
		l.phrases++
	}
	l.longest = max(l.longest, length)
	return l.last[node]
}

func (l *lexicon) symbol(word string, open, closed bool) symbol {
	key := word
	if open {
		key = "*" + key
	}
	if closed {
		key += "*"
	}
	if s, ok := l.symbols[key]; ok {
		return s
	}
	s := symbol(len(l.symbols))
	l.symbols[key] = s
	switch {
	case open && closed:
		l.within.add(word, s)
	case open:
		l.ends.add(backwards(word), s)
	case closed:
		l.begins.add(word, s)
	default:
		l.exact[word] = s
	}
	return s
}

// find calls found for every phrase in ws, with the first word and the word after the last.
func (l *lexicon) find(ws []word, found func(phrase int32, from, to int)) {
	known := make([][]symbol, len(ws))
	seen := map[string][]symbol{}
	for i, w := range ws {
		s, ok := seen[w.text]
		if !ok {
			s = l.matching(w.text)
			seen[w.text] = s
		}
		known[i] = s
	}
	var walk func(node int32, from, at int)
	walk = func(node int32, from, at int) {
		if p := l.last[node]; p >= 0 {
			found(p, from, at)
		}
		if at == len(ws) {
			return
		}
		for _, s := range known[at] {
			if n, ok := l.next[step{node, s}]; ok {
				walk(n, from, at+1)
			}
		}
	}
	for i := range ws {
		for _, s := range known[i] {
			if n, ok := l.next[step{0, s}]; ok {
				walk(n, i, i+1)
			}
		}
	}
}

// matching gives the word patterns that w fits.
func (l *lexicon) matching(w string) []symbol {
	var out []symbol
	if s, ok := l.exact[w]; ok {
		out = append(out, s)
	}
	out = l.begins.walk(w, out)
	if l.ends.size() > 1 {
		out = l.ends.walk(backwards(w), out)
	}
	if l.within.size() > 1 {
		for i := range w {
			out = l.within.walk(w[i:], out)
		}
	}
	return out
}

// letters is a trie of bytes.
type letters struct {
	next map[int64]int32
	at   []symbol // by node, -1 where no pattern ends
}

func newLetters() letters { return letters{map[int64]int32{}, []symbol{-1}} }

func (t *letters) size() int { return len(t.at) }

func (t *letters) add(w string, s symbol) {
	node := int32(0)
	for i := range len(w) {
		edge := int64(node)<<8 | int64(w[i])
		n, ok := t.next[edge]
		if !ok {
			n = int32(len(t.at))
			t.at = append(t.at, -1)
			t.next[edge] = n
		}
		node = n
	}
	t.at[node] = s
}

// walk appends the patterns that w begins with. The root holds none: a pattern has letters.
func (t *letters) walk(w string, out []symbol) []symbol {
	node := int32(0)
	for i := range len(w) {
		n, ok := t.next[int64(node)<<8|int64(w[i])]
		if !ok {
			break
		}
		node = n
		if s := t.at[node]; s >= 0 {
			out = append(out, s)
		}
	}
	return out
}

func backwards(s string) string {
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		_, n := utf8.DecodeLastRuneInString(s)
		b = append(b, s[len(s)-n:]...)
		s = s[:len(s)-n]
	}
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
	out := make([]word, 0, len(found))
	for _, w := range found {
		if !strings.ContainsAny(w.Text, "-_") {
			out = append(out, word{w.Text, w.Start, w.End})
			continue
		}
		exact := len(w.Text) == w.End-w.Start // lower case and NFC may change the length
		at := 0
		for p := range strings.FieldsFuncSeq(w.Text, joint) {
			if exact {
				at += strings.Index(w.Text[at:], p)
				out = append(out, word{p, w.Start + at, w.Start + at + len(p)})
				at += len(p)
			} else {
				out = append(out, word{p, w.Start, w.End})
			}
		}
	}
	return out
}

func joint(r rune) bool { return r == '-' || r == '_' }
