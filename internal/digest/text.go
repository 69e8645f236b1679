package digest

import (
	"strings"
	"unicode/utf8"
)

// columns is where plain text is broken: mail programs quote and indent it, and 72 leaves room.
const columns = 72

// Text lays a digest out as plain text of 72 columns. Addresses are never broken.
func Text(d Digest) string {
	p := lay(&d)
	t := &sheet{}
	t.heading(p.Heading, "=")
	t.para("", p.Lead)
	for _, s := range p.Warnings {
		t.para("", s)
	}
	for _, s := range p.Baseline {
		t.para("", s)
	}
	for _, s := range p.Sections {
		t.gap()
		head := s.Heading
		if s.Count > 0 {
			head += " (" + itoa(s.Count) + ")"
		}
		t.heading(head, "=")
		for _, g := range s.Groups {
			if g.Name != "" {
				t.heading(g.Name, "-")
			}
			for _, it := range g.Items {
				t.item(it)
			}
			if g.Fold != "" {
				t.para("", g.Fold)
			}
		}
	}
	t.gap()
	t.heading(p.Proof.Heading, "=")
	for _, s := range p.Proof.Sources {
		t.hang("- ", s)
	}
	t.line("")
	for _, s := range p.Proof.Words {
		t.para("", s)
	}
	t.para("", p.Footer)
	return strings.ReplaceAll(strings.TrimRight(t.b.String(), "\n")+"\n", nbsp, " ")
}

// sheet writes lines.
type sheet struct{ b strings.Builder }

func (t *sheet) line(s string) {
	t.b.WriteString(strings.TrimRight(s, " "))
	t.b.WriteByte('\n')
}

func (t *sheet) gap() { t.line("") }

func (t *sheet) heading(s, under string) {
	lines := wrap(s, columns)
	widest := 0
	for _, l := range lines {
		t.line(l)
		widest = max(widest, utf8.RuneCountInString(l))
	}
	t.line(strings.Repeat(under, widest))
	t.line("")
}

// para is a paragraph and an empty line.
func (t *sheet) para(indent, s string) {
	for _, l := range wrap(s, columns-len(indent)) {
		t.line(indent + l)
	}
	t.line("")
}

// hang is a line whose continuation hangs under its text.
func (t *sheet) hang(lead, s string) {
	width := utf8.RuneCountInString(lead)
	for i, l := range wrap(s, columns-width) {
		if i > 0 {
			lead = strings.Repeat(" ", width)
		}
		t.line(lead + l)
	}
}

func (t *sheet) item(it pageItem) {
	t.hang("* ", marked(it.Title))
	if it.Brief != "" {
		for _, s := range it.Why {
			t.hang("  ", it.Brief+" "+s.String())
		}
		if it.URL != "" {
			t.line("  " + it.URL)
		}
		t.places(it)
		t.line("")
		return
	}
	t.hang("  ", it.Facts)
	for _, c := range it.Changed {
		t.hang("  > ", c)
	}
	for _, r := range it.Rows {
		t.hang("  ", r.Label+": "+r.Text)
	}
	if it.URL != "" {
		t.line("  " + it.URL)
	}
	t.places(it)
	for _, s := range it.Why {
		t.hang("  ", s.String())
	}
	if it.Also != "" {
		t.hang("  ", it.Also)
	}
	t.line("")
}

func (t *sheet) places(it pageItem) {
	for _, p := range it.At {
		line := "  " + it.AtIntro + " " + p.Name
		if p.URL != "" {
			t.line(line + ":")
			line = "  " + p.URL
		}
		t.line(line)
	}
}

// String is the saying in plain text, words that matched between «».
func (s saying) String() string {
	var b strings.Builder
	b.WriteString(s.Intro + " " + s.Open)
	b.WriteString(marked(s.Words))
	b.WriteString(s.Close + " " + s.After)
	return b.String()
}

// marked is spans in plain text, the marked ones between «».
func marked(spans []span) string {
	var b strings.Builder
	for _, w := range spans {
		if w.Mark {
			b.WriteString("«" + w.Text + "»")
		} else {
			b.WriteString(w.Text)
		}
	}
	return b.String()
}

// wrap breaks s at common spaces; a word longer than the width stands alone on its line.
func wrap(s string, width int) []string {
	var out []string
	var line string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' }) {
		switch {
		case line == "":
			line = w
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) <= width:
			line += " " + w
		default:
			out = append(out, line)
			line = w
		}
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
