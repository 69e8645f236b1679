// Package diff tells two versions of a text apart word by word, for people who read what changed.
package diff

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// Op is what became of a part of a text.
type Op string

// What can become of it.
const (
	Same    Op = "same"
	Added   Op = "added"
	Removed Op = "removed"
	Cut     Op = "cut" // unchanged, and left out by [Around]
)

// Part is a run of words that share a fate. The parts of a difference that are not Added make the old text, those that are not
// Removed the new one.
type Part struct {
	Op   Op
	Text string
}

// most bounds the words of each text that are compared. Beyond it the rest counts as one word, so that no text of a source
// makes a page slow.
const most = 20_000

// Words gives the difference from old to new. Where a word was put in another's place, what was removed comes first; a lone
// space between two words that changed changes with them.
func Words(old, new string) []Part {
	a, b := words(old), words(new)
	var out []Part
	add := func(op Op, words []string) {
		if len(words) == 0 {
			return
		}
		text := strings.Join(words, "")
		if n := len(out); n > 0 && out[n-1].Op == op {
			out[n-1].Text += text
			return
		}
		out = append(out, Part{op, text})
	}
	at := 0
	changes := joined(a, lcs.DiffLines(a, b))
	for _, d := range changes {
		add(Same, a[at:d.Start])
		add(Removed, a[d.Start:d.End])
		add(Added, b[d.ReplStart:d.ReplEnd])
		at = d.End
	}
	add(Same, a[at:])
	return out
}

// joined takes changes together that only space stands between: words one by one, each struck out and replaced, cannot be read.
func joined(a []string, changes []lcs.Diff) []lcs.Diff {
	var out []lcs.Diff
	for _, d := range changes {
		if n := len(out); n > 0 && strings.TrimSpace(strings.Join(a[out[n-1].End:d.Start], "")) == "" {
			out[n-1].End, out[n-1].ReplEnd = d.End, d.ReplEnd
			continue
		}
		out = append(out, d)
	}
	return out
}

// words cuts a text into words, spaces and other signs.
func words(s string) []string {
	var out []string
	class := func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return 1
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return 2
		}
		return 0 // each sign is by itself
	}
	for s != "" {
		if len(out) == most {
			return append(out, s)
		}
		r, n := utf8.DecodeRuneInString(s)
		first := class(r)
		for first != 0 && n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if class(r) != first {
				break
			}
			n += size
		}
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// Around leaves out what is far from any change: of what stayed, about so many letters are kept on each side of one, in whole
// words. What is left out becomes a part without text.
func Around(parts []Part, letters int) []Part {
	var out []Part
	for i, p := range parts {
		if p.Op != Same {
			out = append(out, p)
			continue
		}
		r := []rune(p.Text)
		head, tail := min(letters, len(r)), min(letters, len(r))
		if i == 0 {
			head = 0
		}
		if i == len(parts)-1 {
			tail = 0
		}
		for head > 0 && head < len(r) && !unicode.IsSpace(r[head]) {
			head++
		}
		for tail > 0 && tail < len(r) && !unicode.IsSpace(r[len(r)-tail-1]) {
			tail++
		}
		if head+tail+letters/2 >= len(r) {
			out = append(out, p)
			continue
		}
		out = append(out, Part{Same, string(r[:head])}, Part{Op: Cut}, Part{Same, string(r[len(r)-tail:])})
	}
	return slices.DeleteFunc(out, func(p Part) bool { return p.Text == "" && p.Op != Cut })
}
