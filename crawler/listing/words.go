package listing

import (
	"slices"
	"strings"
	"sync"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// word is a site's word for a status, folded.
type word struct {
	text   string
	status call.Status
}

// everyday are words for statuses that sites share, in Swedish, Norwegian, Danish, Finnish and English.
var everyday = kind.Words{
	Forthcoming: []string{"forthcoming", "upcoming", "planned", "future", "opens", "opening soon", "not yet open", "coming soon",
		"kommande", "planerad", "öppnar", "ännu inte öppen", "öppnar snart", "kommende", "planlagt", "åpner", "åbner", "tulossa", "avautuu"},
	Open: []string{"open", "opened", "ongoing", "current", "active", "closes", "open for applications", "open for submission", "apply by",
		"öppen", "öppet", "pågående", "aktuell", "stänger", "öppen för ansökan", "åpen", "åben", "pågår", "avoin", "haku auki"},
	Closed: []string{"closed", "expired", "ended", "decided", "cancelled", "stängd", "stängt", "avslutad", "avslutat", "beslutad", "beslutat", "inställd",
		"lukket", "stengt", "avsluttet", "afsluttet", "suljettu", "päättynyt"},
}

// statuses gives the words to look for: the site's own before the everyday ones.
func (c *compiler) statuses(own kind.Words) []word {
	return append(c.wordsFor(own), everydayWords()...)
}

// everydayWords are folded once: every file that is read has them.
var everydayWords = sync.OnceValue(func() []word { return (&compiler{}).wordsFor(everyday) })

func (c *compiler) wordsFor(w kind.Words) (out []word) {
	add := func(key string, list []string, status call.Status) {
		for _, w := range c.words(key, list) {
			out = append(out, word{w, status})
		}
	}
	add("status.forthcoming", w.Forthcoming, call.StatusForthcoming)
	add("status.open", w.Open, call.StatusOpen)
	add("status.closed", w.Closed, call.StatusClosed)
	return out
}

// Status reads a status in the words of a site: the whole text if it is a word for one, else the word in it that
// comes first; of two that begin at one place the longer. Empty if there is none.
func (r *Rules) Status(s string) call.Status {
	folded := fold(s)
	var best word
	at := len(folded) + 1
	for _, w := range r.words {
		if w.text == folded {
			return w.status
		}
		if i := wordIn(folded, w.text); i >= 0 && (i < at || i == at && len(w.text) > len(best.text)) {
			best, at = w, i
		}
	}
	return best.status
}

// wordIn gives where w stands as whole words in s, or -1.
func wordIn(s, w string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], w)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(w)
		if (i == 0 || !letter(s[i-1])) && (end == len(s) || !letter(s[end])) {
			return i
		}
		from = i + 1
	}
}

// letter tells whether a byte belongs to a word. Folded text has few letters beyond ASCII, and those belong to words.
func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80 }

// Empty tells whether the site itself says that it lists nothing at the moment.
func (r *Rules) Empty(page string) bool {
	if len(r.none) == 0 {
		return false
	}
	folded := text.Fold(text.Clean(page))
	for _, w := range r.none {
		if strings.Contains(folded, w) {
			return true
		}
	}
	return false
}

// keeps tells whether an item fits every filter that items must fit.
func (r *Rules) keeps(values []Value) bool {
	return !slices.ContainsFunc(r.keep, func(f filter) bool { return !f.fits(values) })
}

// drops tells whether an item fits a filter that it must not fit.
func (r *Rules) drops(values []Value) bool {
	return slices.ContainsFunc(r.drop, func(f filter) bool { return f.fits(values) })
}

func (f filter) fits(values []Value) bool {
	for _, v := range values {
		if v.Field != f.field {
			continue
		}
		for _, s := range v.Texts {
			if f.pattern.MatchString(text.Clean(s)) {
				return true
			}
		}
	}
	return false
}
