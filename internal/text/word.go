package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Word is one word of a text.
type Word struct {
	Text       string // lower case, NFC, without invisible characters
	Start, End int    // where it stands in the text that was given
}

// Words gives the words of s in order: runs of letters and digits, with the hyphens and underscores inside
// them, so that HORIZON-CL5-2026-D1 and TEN-T are one word each (see [Parts]). The endings that hang on an
// apostrophe or a colon ("Europe's", "EU:s") belong to no word.
func Words(s string) []Word { return AppendWords(make([]Word, 0, len(s)/7+1), s) }

// AppendWords adds the words of s to dst, for callers that use one slice for many texts.
func AppendWords(dst []Word, s string) []Word {
	low := lower(s)
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if class[c] != inWord {
				i++
				continue
			}
		} else {
			r, n := utf8.DecodeRuneInString(s[i:])
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
				i += n
				continue
			}
		}
		end, simple := wordEnd(s, i)
		w := Word{Start: i, End: end}
		if simple {
			w.Text = low[i:end]
		} else {
			w.Text = spell(s[i:end])
		}
		dst = append(dst, w)
		i = end + ending(s[end:])
	}
	return dst
}

// Parts gives the pieces of a word that hyphens or underscores join: "ten" and "t" of "ten-t". A word of
// one piece gives nil.
func Parts(word string) []string {
	if !strings.ContainsAny(word, "-_") {
		return nil
	}
	return strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == '_' })
}

const (
	inWord = 1 // letters and digits
	joins  = 2 // joins two of them when it stands between
)

// class tells what an ASCII character is to a word.
var class = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			t[c] = inWord
		case c == '-', c == '_':
			t[c] = joins
		}
	}
	return t
}()

// wordEnd finds the end of the word that begins at i. The word is simple when lower has spelt it already.
func wordEnd(s string, i int) (end int, simple bool) {
	simple, plain := true, true // plain: nothing odd since end
	end = i
	for j := i; j < len(s); {
		c := s[j]
		if c < utf8.RuneSelf {
			switch class[c] {
			case inWord:
				j++
				end = j
				simple, plain = simple && plain, true
				continue
			case joins:
				if j == end {
					j++
					continue
				}
			}
			return end, simple
		}
		// Latin-1's letters are two bytes, C3 80 to C3 BF; × and ÷ are the two that are none.
		if c == 0xc3 && j+1 < len(s) && s[j+1]&0xc0 == 0x80 && s[j+1] != 0x97 && s[j+1] != 0xb7 {
			j += 2
			end = j
			simple, plain = simple && plain, true
			continue
		}
		r, n := utf8.DecodeRuneInString(s[j:])
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r) && j == end:
			j += n
			end = j
			simple, plain = false, true
		case r == '\u2010' || r == '\u2011': // hyphens, the second one not to be broken at
			if j != end {
				return end, simple
			}
			plain = false
			j += n
		case invisible(r):
			// It counts as part of the word only if the word goes on behind it.
			k := j + n
			for k < len(s) && k-j < 32 {
				r, n := utf8.DecodeRuneInString(s[k:])
				if !invisible(r) {
					break
				}
				k += n
			}
			if !wordGoesOn(s[k:]) {
				return end, simple
			}
			plain = false
			if j == end {
				end = k
			}
			j = k
		default:
			return end, simple
		}
	}
	return end, simple
}

func wordGoesOn(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// spell writes a word as Words gives it.
func spell(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u2010' || r == '\u2011':
			return '-'
		case invisible(r):
			return -1
		}
		return unicode.ToLower(r)
	}, s)
	return norm.NFC.String(s)
}

// ending is the length of what hangs on a word: an apostrophe and s, or a colon and a Swedish ending.
func ending(s string) int {
	if s == "" {
		return 0
	}
	n := 0
	switch {
	case s[0] == '\'' || s[0] == ':':
		n = 1
	case strings.HasPrefix(s, "’"):
		n = len("’")
	default:
		return 0
	}
	k := n
	for k < len(s) && k-n < 5 && s[k] >= 'a' && s[k] <= 'z' {
		k++
	}
	if wordGoesOn(s[k:]) {
		return 0
	}
	switch s[n:k] {
	case "s":
		return k
	case "n", "t", "en", "et", "ns", "ts", "er", "ar", "are", "arna", "erna":
		if s[0] == ':' {
			return k
		}
	}
	return 0
}

// lower gives s with the upper-case letters of ASCII and Latin-1 in lower case, every byte in its place.
func lower(s string) string {
	i := 0
	for i < len(s) && !upperAt(s, i) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := []byte(s)
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= 'A' && c <= 'Z':
			b[i] = c + 'a' - 'A'
		case c == 0xc3 && i+1 < len(b) && b[i+1] >= 0x80 && b[i+1] <= 0x9e && b[i+1] != 0x97:
			b[i+1] += 0x20
			i++
		}
	}
	return string(b)
}

func upperAt(s string, i int) bool {
	c := s[i]
	return c >= 'A' && c <= 'Z' || c == 0xc3 && i+1 < len(s) && s[i+1] >= 0x80 && s[i+1] <= 0x9e && s[i+1] != 0x97
}
