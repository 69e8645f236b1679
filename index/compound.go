package index

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// wordsFile lists the words that Swedish compounds are made of, one a line, # starts a comment. The words
// are those that recur as parts of longer words in Swedish calls, consultations and memoranda, and the
// words of a region's action plan, pruned by hand: endings (ning, rad, ande), prepositions (till, över)
// and short words that turn up inside others (art, ort) are left out, because each of them splits words
// that are no compounds. A word of the list is itself never split.
//
//go:embed words_sv.txt
var wordsFile string

const (
	minPart     = 3  // runes in a part; the list holds few words as short as that, all picked by hand
	minCompound = 7  // runes in a word that is worth trying
	maxCompound = 60 // bytes; longer strings are not words
)

// wordList is the parts that compounds are made of.
type wordList struct {
	forms map[string]bool // as they stand before another part
	stems map[string]bool // of the same words; the last part of a compound may be inflected
}

var swedishWords = sync.OnceValue(func() *wordList { return readWords(wordsFile) })

func readWords(text string) *wordList {
	l := &wordList{forms: map[string]bool{}, stems: map[string]bool{}}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, w := range strings.Fields(line) {
			l.forms[w] = true
			l.stems[stemSwedish(w)] = true
		}
	}
	return l
}

// span is a part of a word, in bytes.
type span struct{ from, to int }

// split takes a lower-case word apart. The parts cover the whole word but for linking s's, every part but
// the last stands in the list as it is written, the last by its stem, and there are as few parts as
// possible; of two such ways the one with the longer first part wins. A word that is no compound, or is
// itself in the list, gives nil.
func (l *wordList) split(word string) []span {
	if len(word) > maxCompound || utf8.RuneCountInString(word) < minCompound || l.stems[stemSwedish(word)] {
		return nil
	}
	// best[i] is the best way to cover word[i:], found from the end of the word to its start.
	type way struct {
		parts int // 0: there is none
		end   int // of the first part
		next  int // where the second part starts: past a linking s
	}
	best := make([]way, len(word)+1)
	for i := len(word) - 1; i >= 0; i-- {
		if !utf8.RuneStart(word[i]) {
			continue
		}
		if i > 0 && long(word[i:]) && l.stems[stemSwedish(word[i:])] {
			best[i] = way{1, len(word), len(word)}
		}
		for end := len(word) - 1; end > i; end-- {
			if !utf8.RuneStart(word[end]) || !long(word[i:end]) || !l.forms[word[i:end]] {
				continue
			}
			nexts := [2]int{end, end}
			if word[end] == 's' && word[end-1] != 's' {
				nexts[1] = end + 1
			}
			for _, next := range nexts {
				if rest := best[next].parts; rest > 0 && (best[i].parts == 0 || rest+1 < best[i].parts) {
					best[i] = way{rest + 1, end, next}
				}
			}
		}
	}
	if best[0].parts < 2 {
		return nil
	}
	var parts []span
	for i := 0; i < len(word); i = best[i].next {
		parts = append(parts, span{i, best[i].end})
	}
	return parts
}

func long(part string) bool { return len(part) >= minPart && utf8.RuneCountInString(part) >= minPart }
