package index

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notQueries are what doc/query.md sets in code beside queries.
var notQueries = []string{"utkik search", "q", "index.Parse", "ELLER", "NOT", "INTE", "<", "<=", ">", ">=", "later", "senare"}

// TestQueryPage runs the examples of doc/query.md.
func TestQueryPage(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../doc/query.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	code := regexp.MustCompile("`([^`]+)`")
	wrong := false
	good, bad := 0, 0
	var named []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		wrong = wrong || strings.HasPrefix(line, "## When a query is wrong")
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if wrong {
			if m := code.FindStringSubmatch(cells[0]); m != nil && len(cells) == 2 {
				bad++
				_, err := Parse(m[1])
				qe, ok := err.(*QueryError)
				if !ok || qe.Message("en") != cells[1] {
					t.Errorf("%s: %v, the page says %q", m[1], err, cells[1])
				}
			}
			continue
		}
		for i, cell := range cells {
			for _, m := range code.FindAllStringSubmatch(cell, -1) {
				q := m[1]
				if slices.Contains(notQueries, q) {
					continue
				}
				if len(cells) == 4 && i < 2 { // the table of fields
					name, ok := fieldNames[q]
					if !ok || i == 0 && name != q {
						t.Errorf("the page names a field %q that is none", q)
					}
					if i == 0 {
						named = append(named, q)
					}
					continue
				}
				good++
				if n, err := Parse(q); err != nil || n == nil {
					t.Errorf("%s: %v", q, err)
				}
			}
		}
	}
	slices.Sort(named)
	if !slices.Equal(named, Fields()) {
		t.Errorf("the page has the fields %v, there are %v", named, Fields())
	}
	if good < 30 || bad < 4 {
		t.Errorf("%d examples and %d wrong ones were found: the page is not read as it is written", good, bad)
	}
}
