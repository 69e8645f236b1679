package draft

import (
	"regexp"
	"strings"
	"unicode"
)

var gap = regexp.MustCompile(` {2,}|\t`)

// chunk is a piece of a line that stands by itself.
type chunk struct {
	from, to int // in characters
	text     string
}

func chunks(line string) []chunk {
	var out []chunk
	runes := []rune(line)
	for i := 0; i < len(runes); {
		if runes[i] == ' ' {
			i++
			continue
		}
		j := i
		for j < len(runes) && (runes[j] != ' ' || j+1 < len(runes) && runes[j+1] != ' ') {
			j++
		}
		out = append(out, chunk{i, j, string(runes[i:j])})
		i = j
	}
	return out
}

// fromLayout makes rows of tables that stand as columns of characters: a line a row, cells apart by tabs.
// Lines outside of tables lose their indent and stay.
func fromLayout(lines []line) []line {
	var out []line
	var columns []int // where the open table's columns begin; none outside of tables
	var row []string  // of the open table
	blank := false
	flush := func() {
		if row != nil {
			out = append(out, line{text: strings.Join(row, "\t")})
			row = nil
		}
	}
	for i, l := range lines {
		cs := chunks(strings.ReplaceAll(l.text, "\t", "    "))
		if len(cs) == 0 {
			blank = true
			if columns == nil {
				out = append(out, line{page: l.page})
			}
			continue
		}
		cells := make([]string, len(cs))
		for k, c := range cs {
			cells[k] = c.text
		}
		switch {
		case header(cells) != nil:
			flush()
			columns = nil
			for _, c := range cs {
				columns = append(columns, c.from)
			}
			out = append(out, line{text: strings.Join(cells, "\t"), page: l.page})
		case columns != nil && (len(cs) == 1 && (sectioned(cs[0].text) || titled(lines[i+1:])) || beyond(cs, columns)):
			flush()
			columns = nil
			out = append(out, line{text: strings.Join(cells, " "), page: l.page})
		case columns != nil:
			got := make([]string, len(columns))
			for _, c := range cs {
				k := 0
				for k+1 < len(columns) && columns[k+1] <= c.from+1 {
					k++
				}
				got[k] = glue(got[k], c.text)
			}
			if row == nil || begins(row, got, blank && !l.page) {
				flush()
				row = got
			} else {
				for k := range row {
					row[k] = glue(row[k], got[k])
				}
			}
		default:
			out = append(out, line{text: strings.Join(cells, " "), page: l.page})
		}
		blank = false
	}
	flush()
	return out
}

// sectioned tells whether a line begins something new wherever it stands.
func sectioned(s string) bool {
	_, _, plainly := goalLine(s)
	_, aim := aimLine(s)
	return plainly || aim && !strings.HasPrefix(s, "-")
}

// titled tells whether a table's header comes next.
func titled(next []line) bool {
	for _, l := range next {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		return header(gap.Split(strings.TrimSpace(l.text), -1)) != nil
	}
	return false
}

// beyond tells whether a piece runs through where the next column begins, as only prose does.
func beyond(cs []chunk, columns []int) bool {
	for _, c := range cs {
		for _, at := range columns {
			if c.from < at-1 && c.to > at+3 {
				return true
			}
		}
	}
	return false
}

// begins tells whether the pieces of a line begin a new row. A line of the page does not say so; a row
// ends with a sentence and begins with a capital letter, and most have a first or last cell of their own.
func begins(row, got []string, blank bool) bool {
	if len(row) < 2 {
		return blank
	}
	whole := func(s string) bool { return s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, ")") }
	last := len(row) - 1
	open := strings.HasSuffix(row[last], ",") || !whole(row[1]) && row[1] != ""
	starts := capital(got[1])
	switch {
	case open || !starts:
		return blank && capital(got[0]) && whole(row[1])
	case blank:
		return true
	case capital(got[0]):
		return true
	}
	return last > 1 && got[last] != "" && row[last] != "" && got[0] == ""
}

func capital(s string) bool {
	for _, r := range strings.TrimLeft(s, "-–•\"”( ") {
		return unicode.IsUpper(r)
	}
	return false
}

// glue joins two pieces of a text that a line's end parted, and mends a word that it parted.
func glue(a, b string) string {
	switch {
	case a == "" || b == "":
		return a + b
	case strings.HasSuffix(a, "-") && !strings.HasSuffix(a, " -") && !capital(b) && !strings.HasPrefix(b, "och ") && !strings.HasPrefix(b, "eller "):
		return strings.TrimSuffix(a, "-") + b
	}
	return a + " " + b
}
