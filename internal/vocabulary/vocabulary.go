// Package vocabulary is a table of concepts that an operator brings, with a Swedish and an English label each, as
// EuroVoc and YSO publish them. It lends words to a plan that has none of its own for what it means: weak evidence
// beside the plan's, and never more.
package vocabulary

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"utkik/internal/text"
)

// Concept is one row of a table.
type Concept struct {
	ID     string // the publisher's own, such as eurovoc:2149
	SV     string
	EN     string
	Source string // who publishes it, such as eurovoc
}

func (c Concept) compare(o Concept) int {
	return cmp.Or(strings.Compare(c.Source, o.Source), strings.Compare(c.ID, o.ID))
}

// Table is concepts by source and id, each pair once.
type Table []Concept

// header is the first line of a table.
const header = "id\tsv\ten\tsource"

// Bounds of what is read. The largest known table has 41,000 rows, the longest row 300 bytes.
const (
	maxRow  = 64 << 10
	maxRows = 500_000
	shown   = 20 // bad rows that are named
)

// Read reads a table: tab-separated text, a line a concept, under the header id, sv, en, source. A row that its
// publisher broke over several lines, each going on with a tab, is put together; joined says how many were. All bad
// rows come as one error with their lines, and then nothing is read.
func Read(name string, r io.Reader) (t Table, joined int, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxRow)
	var bad []error
	seen := map[[2]string]int{}
	n, first := 0, 0
	row := ""
	take := func() {
		if row == "" {
			return
		}
		c, err := parse(row)
		key := [2]string{c.Source, c.ID}
		if at, ok := seen[key]; ok && err == nil {
			err = fmt.Errorf("%s of %s stands already in line %d; keep one of them", c.ID, c.Source, at)
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("%s:%d: %v", name, first, err))
		} else {
			seen[key] = first
			t = append(t, c)
		}
		row = ""
	}
	for lines.Scan() {
		n++
		line := strings.TrimSuffix(lines.Text(), "\r")
		if n == 1 {
			if strings.TrimPrefix(line, "\ufeff") != header {
				return nil, 0, fmt.Errorf("%s:1: want the header id, sv, en, source with tabs between, got %q", name, clip(line))
			}
			continue
		}
		if row != "" && strings.HasPrefix(line, "\t") && strings.Count(row, "\t") < 3 {
			if strings.Count(row, "\t")+strings.Count(line, "\t") == 3 {
				joined++
			}
			row += line
			continue
		}
		take()
		if strings.TrimSpace(line) == "" {
			continue
		}
		if len(t) == maxRows {
			return nil, 0, fmt.Errorf("%s:%d: more than %d concepts; import a part of them", name, n, maxRows)
		}
		row, first = line, n
	}
	take()
	if err := lines.Err(); err != nil {
		bad = append(bad, fmt.Errorf("%s:%d: %v (a row may have %d bytes)", name, n+1, err, maxRow))
	}
	if n == 0 && len(bad) == 0 {
		bad = append(bad, fmt.Errorf("%s: the file is empty; want the header id, sv, en, source and a row a concept", name))
	}
	if more := len(bad) - shown; more > 0 {
		bad = append(bad[:shown], fmt.Errorf("and %d more", more))
	}
	if len(bad) > 0 {
		return nil, 0, errors.Join(bad...)
	}
	slices.SortFunc(t, Concept.compare)
	return t, joined, nil
}

func parse(row string) (Concept, error) {
	if !utf8.ValidString(row) {
		return Concept{}, errors.New("not UTF-8; save the file as UTF-8")
	}
	cells := strings.Split(row, "\t")
	if len(cells) != 4 {
		return Concept{}, fmt.Errorf("want 4 columns (id, sv, en, source), got %d: %q", len(cells), clip(row))
	}
	for i, name := range strings.Fields(header) {
		cells[i] = strings.Join(strings.Fields(text.Clean(cells[i])), " ")
		if cells[i] == "" {
			return Concept{}, fmt.Errorf("%s is empty: %q", name, clip(row))
		}
	}
	return Concept{ID: cells[0], SV: cells[1], EN: cells[2], Source: cells[3]}, nil
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Write writes t as [Read] reads it. The same table is always written alike.
func (t Table) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString(header + "\n")
	for _, c := range t {
		b.WriteString(c.ID + "\t" + c.SV + "\t" + c.EN + "\t" + c.Source + "\n")
	}
	return b.Flush()
}

// Merge gives t with the concepts of o, which stand where both have one. It tells how many are new and how many
// have other labels than before.
func (t Table) Merge(o Table) (out Table, added, changed int) {
	known := map[[2]string]int{}
	out = slices.Clone(t)
	for i, c := range t {
		known[[2]string{c.Source, c.ID}] = i
	}
	for _, c := range o {
		i, ok := known[[2]string{c.Source, c.ID}]
		switch {
		case !ok:
			out = append(out, c)
			added++
		case out[i] != c:
			out[i] = c
			changed++
		}
	}
	slices.SortFunc(out, Concept.compare)
	return out, added, changed
}

// Without gives t without the concepts of a source.
func (t Table) Without(source string) Table {
	return slices.DeleteFunc(slices.Clone(t), func(c Concept) bool { return c.Source == source })
}

// Count is how many concepts a source has in a table.
type Count struct {
	Source   string `json:"source"`
	Concepts int    `json:"concepts"`
}

// Sources counts the concepts of each source, by its name.
func (t Table) Sources() []Count {
	out := []Count{}
	for _, c := range t { // sorted by source
		if n := len(out); n > 0 && out[n-1].Source == c.Source {
			out[n-1].Concepts++
		} else {
			out = append(out, Count{c.Source, 1})
		}
	}
	return out
}
