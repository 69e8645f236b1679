package digest

import (
	"strings"
	"unicode/utf8"
)

// columns is where plain text is broken: mail programs quote and indent it, and 72 leaves room.
const columns = 72

// sheet makes a mail of what the text's template wrote: lines that are too long are broken at common spaces and hang under
// their own first word, a line of === or --- is as wide as what stands above it, and no more than two lines in
// a row are empty.
func sheet(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	empty, widest := 2, 0
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			if empty++; empty <= 2 {
				b.WriteByte('\n')
			}
			widest = 0
			continue
		}
		empty = 0
		if under := line[:1]; widest > 0 && len(line) >= 3 && (under == "=" || under == "-") && strings.Trim(line, under) == "" {
			b.WriteString(strings.Repeat(under, widest))
			b.WriteByte('\n')
			widest = 0
			continue
		}
		rest := strings.TrimLeft(line, " ")
		lead := line[:len(line)-len(rest)]
		if len(rest) > 2 && rest[1] == ' ' && strings.Contains("*->", rest[:1]) {
			lead, rest = lead+rest[:2], rest[2:]
		}
		width := len(lead)
		for i, l := range wrap(rest, columns-width) {
			if i > 0 {
				lead = strings.Repeat(" ", width)
			}
			b.WriteString(lead)
			b.WriteString(l)
			b.WriteByte('\n')
			widest = max(widest, width+utf8.RuneCountInString(l))
		}
	}
	return strings.ReplaceAll(strings.TrimRight(b.String(), "\n")+"\n", nbsp, " ")
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
