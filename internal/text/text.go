// Package text turns what portals publish into plain text and reads facts out of it: dates, amounts, words
// and sentences, in Swedish and English. Everything here is a pure function of its arguments.
//
// The normal form that [FromHTML] and [FromPlain] give: valid UTF-8 in NFC, no invisible or control
// characters, no white space at the ends of a line and never two in a row, one line feed between lines and
// two between paragraphs. [Clean] gives the same on a single line. All offsets are bytes.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean gives s as one line in normal form: NFC, invisible and control characters dropped, every run of
// white space (line feeds and no-break spaces too) one space, trimmed. Entities are expected to be decoded.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var p page
	p.text(s)
	return p.String()
}

// isClean tells whether s is plain ASCII that Clean would not change, the usual case.
func isClean(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

// FromPlain gives text that is not HTML in normal form. Lines stay lines; one or more empty lines part
// paragraphs.
func FromPlain(s string) string {
	var p page
	p.lines(s)
	return p.String()
}

// Breaks between two pieces of text, in order of strength.
const (
	line      = 1
	paragraph = 2
)

// page gathers text in normal form. White space and breaks are owed until a character follows, so that none
// stands at an end and none is doubled.
type page struct {
	b      []byte
	brk    int    // break owed
	space  bool   // space owed
	marker string // what the next line begins with, owed like the rest
}

// owe asks for at least the break n before the next character. A marker that still waits for its text
// absorbs breaks, so that a paragraph inside a list item stands on the item's line.
func (p *page) owe(n int) {
	p.space = false
	if p.marker == "" {
		p.brk = max(p.brk, n)
	}
}

// text adds s, with line feeds as white space.
func (p *page) text(s string) {
	for i := 0; i < len(s); {
		if c := s[i]; c > ' ' && c < 0x7f {
			j := i + 1
			for j < len(s) && s[j] > ' ' && s[j] < 0x7f {
				j++
			}
			p.settle()
			p.b = append(p.b, s[i:j]...)
			i = j
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case unicode.IsSpace(r):
			p.space = true
		case invisible(r):
		default:
			p.settle()
			p.b = utf8.AppendRune(p.b, r)
		}
	}
}

// lines adds s, with its line feeds as breaks.
func (p *page) lines(s string) {
	for s != "" {
		i := strings.IndexFunc(s, lineEnd)
		if i < 0 {
			p.text(s)
			return
		}
		p.text(s[:i])
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
			n = 2
			fallthrough
		default:
			p.feed()
		case r == '\u2029' || r == '\f':
			p.owe(paragraph)
		}
		s = s[i+n:]
	}
}

// feed is a line feed: two of them part paragraphs.
func (p *page) feed() {
	p.space = false
	if p.marker == "" {
		p.brk = min(p.brk+1, paragraph)
	}
}

func lineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return true
	}
	return false
}

// settle pays what is owed.
func (p *page) settle() {
	if len(p.b) > 0 {
		switch {
		case p.brk > 0:
			p.b = append(p.b, "\n\n"[:p.brk]...)
		case p.space:
			p.b = append(p.b, ' ')
		}
	}
	p.b = append(p.b, p.marker...)
	p.brk, p.space, p.marker = 0, false, ""
}

func (p *page) String() string {
	if norm.NFC.IsNormal(p.b) {
		return string(p.b)
	}
	return string(norm.NFC.Bytes(p.b))
}

// invisible tells whether r leaves no mark on paper: controls, soft hyphen, zero-width characters, marks of
// writing direction, the byte order mark. They hide inside words and make equal words unequal.
func invisible(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xad:
		return true
	case r < 0x61c:
		return false
	}
	switch {
	case r == 0x61c, r == 0x180e, r == 0xfeff,
		r >= 0x200b && r <= 0x200f,
		r >= 0x202a && r <= 0x202e,
		r >= 0x2060 && r <= 0x206f,
		r >= 0xfff9 && r <= 0xfffb:
		return true
	}
	return false
}

// Snippet gives at most max characters of s, cut between words and ended with "…" where something is left
// out. A first word that is itself too long is cut inside.
func Snippet(s string, max int) string {
	if max <= 0 {
		return ""
	}
	if len(s) <= max || utf8.RuneCountInString(s) <= max {
		return s
	}
	// The last place where s may be cut, and the last between two words; one character is kept for the "…".
	cut, word, n := 0, 0, 0
	var prev rune
	for i, r := range s {
		if n > max-1 {
			break
		}
		if !unicode.IsMark(r) {
			cut = i
		}
		if unicode.IsSpace(r) && !unicode.IsSpace(prev) {
			word = i
		}
		prev = r
		n++
	}
	if word > 0 {
		cut = word
	}
	return strings.TrimRightFunc(s[:cut], func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:-–—(|«“”\"", r)
	}) + "…"
}

// Fold gives s in lower case and without diacritics, å as a, ö and ø as o, æ as ae, so that words are found
// that were written without them.
func Fold(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch r {
		case 'ø':
			b.WriteByte('o')
		case 'æ':
			b.WriteString("ae")
		case 'œ':
			b.WriteString("oe")
		case 'ß':
			b.WriteString("ss")
		case 'þ':
			b.WriteString("th")
		case 'ð', 'đ':
			b.WriteByte('d')
		case 'ł':
			b.WriteByte('l')
		case 'ħ':
			b.WriteByte('h')
		case 'ı':
			b.WriteByte('i')
		case 'ŋ':
			b.WriteByte('n')
		default:
			if !unicode.Is(unicode.Mn, r) {
				b.WriteRune(r)
			}
		}
	}
	return norm.NFC.String(b.String())
}
