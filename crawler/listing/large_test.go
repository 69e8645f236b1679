package listing

import (
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"

	"utkik/crawler/kind"
)

// TestLargePages reads much of each unfriendly thing: the work must stay in line with the length. It is not
// timed; a test that takes minutes is seen.
func TestLargePages(t *testing.T) {
	t.Parallel()
	rules, mistakes := Compile(kind.Rules{
		Items: kind.Items{Select: "h3, li, tr, div"},
		Fields: []kind.Field{
			{Name: "title", Find: kind.Find{Label: []string{"Deadline"}}},
			{Name: "opens", Find: kind.Find{Column: []string{"Deadline"}}},
			{Name: "text", Find: kind.Find{Pattern: `^(.+?) Deadline x$`}},
		},
	})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	for _, piece := range []string{"<div>Deadline</div>", "<h3>Deadline</h3>", "<b>Deadline</b>", "<i>Deadline</i><b>Deadline</b>", "<dt>Deadline", "<tr><td>Deadline",
		"<div><b>", "<li>Deadline: ", "<p></p>", "<span>Deadline</span><br>", "<!-- Deadline -->", "<table><tr><td>Deadline<td colspan=100>"} {
		page, err := Fragment("<ul><table>" + strings.Repeat(piece, 1<<15/len(piece)))
		if err != nil {
			continue // nested too deeply for a page
		}
		if _, err := NewReader(kind.Source{ID: "x"}, kind.Document{}).Elements(rules, cascadia.QueryAll(page.Nodes[0], rules.Items.Select)); err != nil {
			t.Logf("%s: %v", piece, err)
		}
		rules.Fields[0].HTML(page)
	}
}
