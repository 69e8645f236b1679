package ftportal

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// shared gives a path of the real captures. They are no part of the project: a checkout without them skips
// these tests, but the machine that guards the project must have them.
func shared(t testing.TB, name string) string {
	t.Helper()
	p := filepath.Join("..", "..", "..", "shared", "portals", "ft", name)
	if _, err := os.Stat(p); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("real captures are missing: %v", err)
		}
		t.Skipf("SKIPPED: no real captures of the portal: %v", err)
	}
	return p
}

func readShared(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func lines[T any](t testing.TB, name string) []T {
	t.Helper()
	f, err := os.Open(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		d = json.NewDecoder(z)
	}
	var out []T
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, v)
	}
	return out
}

// captured lists what each real answer holds, with the question that it answers.
var captured = []struct {
	file  string
	shape string // search, row, details, budget
	ask   ask
	refs  []string // of the items that come out
	notes int
	holds string // what is special in it
}{
	{"mjarmak_call_10_06_24.json", "details", ask{}, []string{"46907355TOPICS"}, 0, "new format, a two-stage topic; its only budget line names no topic"},
	{"mjarmak_call_details_dto_10_11_24.json", "details", ask{}, []string{"46905886TOPICS"}, 0, "new format; two budget lines without a topic's name"},
	{"mjarmak_call_details_dto_10_12_24.json", "details", ask{}, []string{"47060148TOPICS"}, 0, "old format, number amounts, 06 November 2024"},
	{"mjarmak_call_details_dto_10_12_24_2.json", "details", ask{}, []string{"31089882TOPICS"}, 0, "old format of Horizon 2020, 13 March 2018, 90 kB"},
	{"mjarmak_call_details_dto_12_03_24.json", "details", ask{}, []string{"47308608TOPICS"}, 0, "new format; the budget is another topic's"},
	{"mjarmak_call_details_dto_12_03_24_2_pppa.json", "details", ask{}, []string{"47294886TOPICS"}, 0, "new format, text amounts"},
	{"mjarmak_call_details_dto_12_03_24_3.json", "details", ask{}, []string{"47396260TOPICS"}, 0, "new format; the budget is a sister topic's"},
	{"mjarmak_call_dto_10_06_24.json", "row", ask{Type: "1", Lang: "bg"}, []string{"45878981EUAFProjectGrants1678320000000"}, 0, "a row of the former index, in Bulgarian"},
	{"mjarmak_call_dto_12_03_24.json", "row", ask{Type: "1", Lang: "en"}, []string{"47396260TOPICS"}, 0, "+0100"},
	{"mjarmak_call_dto_12_03_24_2_pppa.json", "row", ask{Type: "1", Lang: "en"}, []string{"47294886TOPICS"}, 0, "+0100, a contribution of 1 to 995,000"},
	{"mjarmak_call_dto_12_03_24_3.json", "row", ask{Type: "1", Lang: "en"}, []string{"47396260TOPICS"}, 0, "a budget shared by two topics"},
	{"mjarmak_call_dto_budget_overview.json", "budget", ask{}, nil, 0, "old format: one line shared by four topics"},
	{"mjarmak_call_search_10_06_24.json", "search", ask{Type: "1", Lang: "bg", Page: 1, Size: 1}, []string{"45878981EUAFProjectGrants1678320000000"}, 1, "one row of 510,841: the query was ignored"},
	{"search_text-AI_unfiltered_apiversion-2.143.3_2025-12-05.raw.json", "search", ask{Type: "1", Lang: "sv", Page: 1, Size: 5}, []string{"48400948TOPICS"}, 4, "sv, cs and en of one topic, and two updates"},
	{"search_text-topicid_type6_updates_2025-12-05.reserialised.json", "search", ask{Type: "1", Lang: "en", Page: 1, Size: 10}, nil, 2, "ten updates of topics, no call"},
}

func TestCaptured(t *testing.T) {
	t.Parallel()
	all, err := filepath.Glob(filepath.Join(shared(t, "captured"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	items := 0
	for _, c := range captured {
		listed = append(listed, c.file)
		t.Run(c.file, func(t *testing.T) {
			body := readShared(t, "captured/"+c.file)
			a := c.ask
			a.Status = []string{statusForthcoming, statusOpen, statusClosed}
			req := kind.Request{Name: nameSearch}
			switch c.shape {
			case "row": // a result without its envelope
				a.Page, a.Size = 1, 1
				body = fmt.Appendf(nil, `{"totalResults":1,"pageNumber":1,"pageSize":1,"results":[%s]}`, body)
			case "details":
				req = kind.Request{Name: nameDetails, State: c.refs[0]}
			case "budget":
				b, err := readBudget(body, "EUAF-2023-TRAI-03")
				if want := int64(900_000); err != nil || b.EUR != want {
					t.Fatalf("budget: got %d, %v, want %d", b.EUR, err, want)
				}
				return
			}
			if req.Name == nameSearch {
				req.State = a.state()
			}
			p, err := Kind{}.Parse(source, kind.Document{Request: req, Body: body})
			if err != nil {
				t.Fatal(err)
			}
			var refs []string
			for _, it := range p.Items {
				refs = append(refs, it.Call.Ref)
				if it.Hold != "" {
					t.Errorf("%s held: %s", it.Call.Ref, it.Hold)
				}
				if it.Fill != (c.shape == "details") || !it.Fill && (it.Call.Title == "" || it.Call.URL == "" || it.Call.BudgetEUR == 0 || it.Call.Text == "" || it.Call.Eligible == "" && it.Call.Language == "en") {
					t.Errorf("incomplete: %+v", it.Call)
				}
			}
			items += len(refs)
			if !slices.Equal(refs, c.refs) || len(p.Notes) != c.notes {
				t.Errorf("refs %q with %d notes, want %q with %d\nnotes: %+v", refs, len(p.Notes), c.refs, c.notes, p.Notes)
			}
		})
	}
	if want := 13; items != want {
		t.Errorf("%d items in all, want %d", items, want)
	}
	for _, f := range all {
		if !slices.Contains(listed, filepath.Base(f)) {
			t.Errorf("%s is not listed in this test", filepath.Base(f))
		}
	}
}

func TestCapturedBudgets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, ref string
		want      call.Call
	}{
		{"mjarmak_call_details_dto_10_12_24.json", "47060148TOPICS", call.Call{BudgetEUR: 500_000_000, Grants: 48, MaxEUR: 14_000_000}},
		{"mjarmak_call_details_dto_12_03_24_2_pppa.json", "47294886TOPICS", call.Call{BudgetEUR: 1_000_000, Grants: 1, MinEUR: 1, MaxEUR: 995_000}},
		{"mjarmak_call_details_dto_12_03_24.json", "47308608TOPICS", call.Call{}}, // the budget of its sister
		{"mjarmak_call_10_06_24.json", "46907355TOPICS", call.Call{}},             // names no topic
	} {
		p, err := parseDetails(source, c.ref, readShared(t, "captured/"+c.file))
		if err != nil || len(p.Items) != 1 {
			t.Fatalf("%s: %v, %+v", c.file, err, p)
		}
		got := p.Items[0].Call
		if got.BudgetEUR != c.want.BudgetEUR || got.Grants != c.want.Grants || got.MinEUR != c.want.MinEUR || got.MaxEUR != c.want.MaxEUR {
			t.Errorf("%s: got %d €, %d grants of %d to %d €, want %+v", c.file, got.BudgetEUR, got.Grants, got.MinEUR, got.MaxEUR, c.want)
		}
	}
}

// timelineRow is a captured row, and what tells it from the others.
type timelineRow struct {
	Reference string `json:"reference"`
	Metadata  struct {
		Type   []string `json:"type"`
		Status []string `json:"status"`
		Ends   []string `json:"deadlineDate"`
	} `json:"metadata"`
}

// facetPage gives the labels that the portal answered with over the days, still encoded as they came.
func facetPage(t *testing.T) kind.Page {
	t.Helper()
	var fields map[string]map[string]struct{ Label string }
	if err := json.Unmarshal(readShared(t, "facets.json"), &fields); err != nil {
		t.Fatal(err)
	}
	type value struct {
		Code  string `json:"rawValue"`
		Label string `json:"value"`
	}
	type facet struct {
		Name   string  `json:"name"`
		Values []value `json:"values"`
	}
	var answer struct {
		Facets []facet `json:"facets"`
	}
	for name, codes := range fields {
		f := facet{Name: name}
		for code, v := range codes {
			f.Values = append(f.Values, value{code, v.Label})
		}
		answer.Facets = append(answer.Facets, f)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Kind{}.Parse(source, kind.Document{Request: kind.Request{Name: nameFacet}, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// timelineItems reads every captured row as a page of one row.
func timelineItems(t *testing.T) []call.Call {
	t.Helper()
	raw := lines[json.RawMessage](t, "timeline/rows.jsonl.gz")
	labels := facetPage(t)
	out := make([]call.Call, len(raw))
	for i, r := range raw {
		var row timelineRow
		if err := json.Unmarshal(r, &row); err != nil {
			t.Fatal(err)
		}
		a := ask{Type: row.Metadata.Type[0], Status: []string{statusForthcoming, statusOpen}, Lang: "en", Page: 1, Size: 1}
		body := fmt.Appendf(nil, `{"totalResults":1,"pageNumber":1,"pageSize":1,"results":[%s]}`, r)
		p, err := Kind{}.Parse(source, kind.Document{Request: kind.Request{Name: nameSearch, State: a.state()}, Body: body})
		if err != nil || len(p.Items) != 1 || len(p.Notes) != 0 || p.Items[0].Hold != "" {
			t.Fatalf("row %d (%s): %v\n%+v", i, row.Reference, err, p)
		}
		g := Kind{}.Gather(source, []kind.Page{p, labels})
		c := g.Items[0].Call
		if err := c.Validate(); err != nil {
			t.Errorf("row %d: %v", i, err)
		}
		days := map[string]bool{}
		for _, d := range row.Metadata.Ends {
			days[d[:10]] = true
		}
		var got []string
		for _, d := range c.Deadlines {
			if !slices.Contains(got, d.Date()) {
				got = append(got, d.Date())
			}
		}
		if want := slices.Sorted(maps.Keys(days)); !slices.Equal(got, want) {
			t.Errorf("%s: deadlines %q, want %q", c.Ref, got, want)
		}
		want := call.StatusOpen
		if row.Metadata.Status[0] == statusForthcoming {
			want = call.StatusForthcoming
		}
		if c.Status != want || c.Title == "" || c.URL == "" || c.Identifier == "" || c.Opens.IsZero() || isCode(c.Programme) || c.Programme == "" {
			t.Errorf("%s: incomplete: %+v", c.Ref, c)
		}
		if slices.ContainsFunc(c.Divisions, isCode) || len(g.Notes) != 0 {
			t.Errorf("%s: divisions %q, notes %+v", c.Ref, c.Divisions, g.Notes)
		}
		out[i] = c
	}
	return out
}

// The events that follow from the rows alone, day after day, are those that truth.jsonl knows: every moved
// deadline and every opening of a required event, no other, and no event of the budget.
func TestTimeline(t *testing.T) {
	t.Parallel()
	items := timelineItems(t)
	var days map[string][]int
	if err := json.Unmarshal(readShared(t, "timeline/days.json"), &days); err != nil {
		t.Fatal(err)
	}
	required, known := map[string]bool{}, map[string]bool{}
	for _, e := range lines[struct {
		Day, Reference, Event string
		Required              bool
	}](t, "timeline/truth.jsonl") {
		key := e.Day + " " + refOf(e.Reference, "en") + " " + e.Event
		known[key] = true
		required[key] = e.Required
	}
	old, found := map[string]call.Call{}, map[string]bool{}
	rows := 0
	for i, day := range slices.Sorted(maps.Keys(days)) {
		seen := map[string]bool{}
		for _, n := range days[day] {
			c := items[n]
			if seen[c.Ref] {
				continue // a day's capture holds some rows twice
			}
			seen[c.Ref] = true
			rows++
			was, have := old[c.Ref]
			c.BudgetEUR, c.MinEUR, c.MaxEUR = or(c.BudgetEUR, was.BudgetEUR), or(c.MinEUR, was.MinEUR), or(c.MaxEUR, was.MaxEUR)
			event := func(name string) {
				key := day + " " + c.Ref + " " + name
				found[key] = true
				if i > 0 && !known[key] {
					t.Errorf("%s is not in the truth", key)
				}
			}
			switch {
			case !have:
				event("new")
			default:
				if was.Status != c.Status {
					event("status")
				}
				if !slices.EqualFunc(was.Deadlines, c.Deadlines, func(a, b call.Moment) bool { return a.Date() == b.Date() }) {
					event("deadlines")
				}
				if was.BudgetEUR > 0 && was.BudgetEUR != c.BudgetEUR || was.MinEUR > 0 && was.MinEUR != c.MinEUR || was.MaxEUR > 0 && was.MaxEUR != c.MaxEUR {
					event("budget")
				}
			}
			old[c.Ref] = c
		}
	}
	for key, must := range required {
		if must && !found[key] {
			t.Errorf("%s was not found", key)
		}
	}
	t.Logf("%d days, %d rows, %d calls, %d events", len(days), rows, len(old), len(found))
}

func or[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

// TestProgrammes holds our short names against those of the exchange corpus.
func TestProgrammes(t *testing.T) {
	t.Parallel()
	programmes := map[string]bool{}
	for _, c := range lines[struct{ Source, Programme string }](t, "../../corpus/calls.jsonl.gz") {
		if c.Source == "ft-portal" {
			programmes[c.Programme] = true
		}
	}
	// COSME closed before the corpus begins.
	for code, short := range known().programmes {
		if !programmes[short] && short != "COSME" {
			t.Errorf("%s %q is no programme of the corpus", code, short)
		}
		if _, err := strconv.Atoi(code); err != nil {
			t.Errorf("code %q: %v", code, err)
		}
	}
}
