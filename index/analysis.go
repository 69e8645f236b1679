package index

import (
	"cmp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
	"golang.org/x/text/unicode/norm"
)

// term is what of a word goes into the index: its stem first; then, all at the word's position, the stems
// of a Swedish compound's parts, and of each of them that has diacritics the same without, behind a tilde.
// The tilde keeps hål and hal apart: hal looks for hal and ~hal, hål for hål alone.
type term struct {
	text     string
	from, to int // bytes of the word that it stands for
}

const foldMark = "~"

const (
	maxWord  = 64      // bytes of a word that are looked at; longer strings are hashes and addresses
	maxCache = 1 << 15 // words whose terms are kept
)

// analyser turns texts of one language into terms. It is safe for concurrent use.
type analyser struct {
	stem  func(string) string
	stop  map[string]bool
	words *wordList // nil: the language writes its compounds apart

	mu   sync.RWMutex
	seen map[string][]term // by the word as written, in lower case; nil terms of a stop word
}

// analysers are one analyser a language. Texts of other languages than Swedish are read as English.
type analysers struct{ sv, en *analyser }

func newAnalysers() *analysers {
	return &analysers{
		sv: &analyser{stem: stemSwedish, stop: readStopWords(sv.SwedishStopWords), words: swedishWords(), seen: map[string][]term{}},
		en: &analyser{stem: stemEnglish, stop: readStopWords(en.EnglishStopWords), seen: map[string][]term{}},
	}
}

// suffixOf names the fields of a language.
func suffixOf(lang string) string {
	if isSwedish(lang) {
		return "sv"
	}
	return "en"
}

func otherSuffix(suffix string) string {
	if suffix == "sv" {
		return "en"
	}
	return "sv"
}

func isSwedish(lang string) bool {
	lang, _, _ = strings.Cut(strings.ToLower(lang), "-")
	return lang == "sv"
}

func (a *analysers) of(lang string) *analyser {
	if isSwedish(lang) {
		return a.sv
	}
	return a.en
}

// readStopWords reads Snowball's form: a word a line, | starts a comment.
func readStopWords(list []byte) map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		line, _, _ = strings.Cut(line, "|")
		if w := strings.TrimSpace(line); w != "" {
			out[w] = true
		}
	}
	return out
}

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

const softHyphen = '\u00ad' // invisible; stands inside words that may be broken

// compose gives text in the Unicode form that the analysers read, NFC: PDF files and Macs write å as a
// and a ring.
func compose(text string) string {
	if norm.NFC.IsNormalString(text) {
		return text
	}
	return norm.NFC.String(text)
}

// words calls yield for the words of a composed text, with the bytes where they stand and their place
// counted in words, until it returns false. lower is good until yield returns.
func words(text string, yield func(start, end, pos int, lower []byte) bool) {
	wordsBut(text, nil, yield)
}

// wordsBut is words, but for words that skip is true of by their first two letters, small and of ASCII, and their width in bytes. They count,
// and are not looked at any further: most of a text is passed over so by who looks for some words of it.
func wordsBut(text string, skip func(first, second byte, width int) bool, yield func(start, end, pos int, lower []byte) bool) {
	var buf [maxWord + utf8.UTFMax]byte
	pos := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf && !asciiWord[c] {
			i++
			continue
		}
		if skip != nil && i+1 < len(text) && isASCIIWord(text[i]) && isASCIIWord(text[i+1]) {
			if end := wordEnd(text, i+2); skip(small(text[i]), small(text[i+1]), end-i) {
				i = end
				pos++
				continue
			}
		}
		start, lower, whole := i, buf[:0], true
		for i < len(text) {
			if c := text[i]; c < utf8.RuneSelf {
				if !asciiWord[c] {
					break
				}
				lower = append(lower, small(c))
				i++
			} else {
				r, n := utf8.DecodeRuneInString(text[i:])
				if r != softHyphen {
					if !isWordRune(r) {
						break
					}
					lower = utf8.AppendRune(lower, unicode.ToLower(r))
				}
				i += n
			}
			if len(lower) > maxWord {
				whole = false
				lower = lower[:0]
			}
		}
		if i == start { // neither letter nor digit
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
			continue
		}
		if len(lower) == 0 && whole {
			continue // soft hyphens only
		}
		// The s of region's and EU:s is an ending, not a word.
		if len(lower) == 1 && lower[0] == 's' && pos > 0 && ending(text[:start]) {
			continue
		}
		if whole && !yield(start, i, pos, lower) {
			return
		}
		pos++
	}
}

// wordEnd is where the word ends that goes on at i.
func wordEnd(text string, i int) int {
	for i < len(text) {
		if c := text[i]; c < utf8.RuneSelf {
			if !asciiWord[c] {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if r != softHyphen && !isWordRune(r) {
			break
		}
		i += n
	}
	return i
}

func isASCIIWord(c byte) bool { return c < utf8.RuneSelf && asciiWord[c] }

// small is an ASCII letter in lower case.
func small(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func ending(before string) bool {
	return strings.HasSuffix(before, "'") || strings.HasSuffix(before, "’") || strings.HasSuffix(before, ":")
}

var asciiWord = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	return t
}()

// terms gives the terms of a word in lower case that is width bytes long where it stands; none for a
// stop word.
func (a *analyser) terms(lower []byte, width int) []term {
	a.mu.RLock()
	terms, ok := a.seen[string(lower)]
	a.mu.RUnlock()
	if !ok {
		word := string(lower)
		terms = a.analyse(word)
		a.mu.Lock()
		if len(a.seen) >= maxCache {
			clear(a.seen)
		}
		a.seen[word] = terms
		a.mu.Unlock()
	}
	if len(terms) > 0 && terms[0].to != width {
		// Lower case, or a soft hyphen, changed the word's length: its parts cannot be told apart in it.
		whole := make([]term, len(terms))
		for i, t := range terms {
			whole[i] = term{t.text, 0, width}
		}
		return whole
	}
	return terms
}

func (a *analyser) analyse(lower string) []term {
	word := norm.NFKC.String(lower) // ligatures and full-width letters
	if a.stop[word] {
		return nil
	}
	// The language's letters decide whether a stop word was meant: a stop word typed without its dots
	// (aven for även) stays a word.
	terms := []term{{cmp.Or(a.stem(word), word), 0, len(lower)}}
	if a.words != nil && word == lower {
		for _, s := range a.words.split(word) {
			terms = append(terms, term{a.stem(word[s.from:s.to]), s.from, s.to})
		}
	}
	for _, t := range terms {
		if f := fold(t.text); f != t.text {
			terms = append(terms, term{foldMark + f, t.from, t.to})
		}
	}
	return terms
}

// fold takes the diacritics off: å and ä become a, ö and ø become o.
func fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return s
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ø':
			b.WriteByte('o')
		case r == 'æ':
			b.WriteString("ae")
		case r == 'ß':
			b.WriteString("ss")
		case r == 'ł':
			b.WriteByte('l')
		case r == 'đ' || r == 'ð':
			b.WriteByte('d')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
