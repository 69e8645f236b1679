package ftportal

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

var (
	_ kind.Kind      = Kind{}
	_ kind.Gatherer  = Kind{}
	_ kind.Rechecker = Kind{}
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// source is config/sources/ft-portal.yaml, as far as the kind reads it.
var source = kind.Source{
	ID: "ft-portal", Kind: "ftportal", Language: "en", Zone: "Europe/Brussels", Clock: "17:00",
	Address: map[string]string{
		"search":  "https://api.tech.ec.europa.eu/search-api/prod/rest/search?apiKey=SEDIA&text=***",
		"facet":   "https://api.tech.ec.europa.eu/search-api/prod/rest/facet?apiKey=SEDIA&text=***",
		"details": "https://ec.europa.eu/info/funding-tenders/opportunities/data/topicDetails/{id}.json",
	},
	Every: 24 * time.Hour, Delay: time.Second, MaxBytes: 64 << 20, Expect: kind.Expect{MinItems: 100, MaxJump: 0.25},
}

func listingOf(code string) ask {
	return ask{Type: code, Status: []string{statusForthcoming, statusOpen}, Lang: "en", Page: 1, Size: pageSize}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, req kind.Request, body []byte) kind.Page {
	t.Helper()
	p, err := Kind{}.Parse(source, kind.Document{Request: req, Status: 200, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	p.Name, p.State = req.Name, req.State // as the engine does
	return p
}

// TestFixtures reads each file of testdata and compares what comes of it with the golden file beside it: an
// item a line in the exchange format, then what it asks for next, then its notes.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file string
		req  kind.Request
	}{
		{"topics.json", kind.Request{Name: nameSearch, State: listingOf("1").in(types[0].passes[0]).state()}},
		{"odd.json", kind.Request{Name: nameSearch, State: listingOf("1").state()}},
		{"prospects.json", kind.Request{Name: nameSearch, State: listingOf("2").state()}},
		{"cascades.json", kind.Request{Name: nameSearch, State: listingOf("8").state()}},
		{"facet.json", kind.Request{Name: nameFacet}},
		{"topic-new.json", kind.Request{Name: nameDetails, State: "45878981EUAFProjectGrants1678320000000"}},
		{"topic-old.json", kind.Request{Name: nameDetails, State: "45878981EUAFProjectGrants1678320000000"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			p := parse(t, c.req, fixture(t, c.file))
			var b bytes.Buffer
			fmt.Fprintf(&b, "listing %q, total %d\n", p.Listing, p.Total)
			for _, it := range p.Items {
				line, err := call.Encode(&it.Call)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%s\n", line)
				if it.Hold != "" {
					fmt.Fprintf(&b, "  held: %s\n", it.Hold)
				}
				if it.Fill {
					fmt.Fprintf(&b, "  fills only\n")
				}
				if err := it.Call.Validate(); err != nil {
					t.Error(err)
				}
			}
			for _, r := range p.Next {
				fmt.Fprintf(&b, "next %s %s stamp %s\n", r.Name, r.Key(), r.Stamp)
			}
			for _, n := range p.Notes {
				fmt.Fprintf(&b, "note %s: %s (gap %v)\n", n.Ref, n.Text, n.Gap)
			}
			if len(p.Labels) > 0 {
				labels, err := json.MarshalIndent(p.Labels, "", " ")
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%s\n", labels)
			}
			golden := filepath.Join("testdata", strings.TrimSuffix(c.file, ".json")+".golden")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("(-golden +got)\n%s", d)
			}
		})
	}
}

// TestNoCall says what a document is that is none of those expected, in words an operator can act on.
func TestNoCall(t *testing.T) {
	t.Parallel()
	page := `{"totalResults":%d,"pageNumber":%d,"pageSize":%d,"results":[]}`
	for _, c := range []struct{ name, request, body, want string }{
		{"maintenance page", nameSearch, "<html><body>Service temporarily unavailable</body></html>", `a page of HTML or XML instead of JSON: "Service temporarily unavailable"`},
		{"cut", nameSearch, `{"totalResults":5,"results":[{"refer`, "JSON cut off after 36 bytes"},
		{"not JSON", nameSearch, `upstream connect error`, `not JSON at byte 1: "upstream connect error"`},
		{"empty", nameSearch, " ", "an empty answer"},
		{"null", nameSearch, "null", `JSON without totalResults`},
		{"list", nameSearch, "[]", `JSON without totalResults`},
		{"business error", nameSearch, `{"type":"businessError","message":"Invalid Query format"}`, "the portal's own error: businessError Invalid Query format"},
		{"throwable", nameTotal, `{"type":"throwable"}`, "the portal's own error: throwable"},
		{"other shape", nameSearch, `{"hits":[],"count":3}`, "its keys are count, hits"},
		{"results of another type", nameSearch, `{"totalResults":"many","pageNumber":1,"pageSize":100,"results":{}}`, "JSON of another shape than totalResults"},
		{"results missing", nameSearch, `{"totalResults":3,"pageNumber":1,"pageSize":100}`, "JSON without totalResults, pageNumber, pageSize, results"},
		{"another page", nameSearch, fmt.Sprintf(page, 200, 2, 100), "page 1 was asked for, page 2 came"},
		{"smaller pages", nameSearch, fmt.Sprintf(page, 200, 1, 50), "pages of 100 rows were asked for, pages of 50 came"},
		{"facet of a search", nameFacet, fmt.Sprintf(page, 200, 1, 100), "JSON without facets"},
		{"topic of nothing", nameDetails, `{}`, "JSON without TopicDetails"},
		{"unknown request", "rss", `{}`, `request "rss" is none of`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := listingOf("1")
			_, err := Kind{}.Parse(source, kind.Document{Request: kind.Request{Name: c.request, State: a.state()}, Body: []byte(c.body)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	a, b := Kind{}.Start(source), Kind{}.Start(source)
	var names, keys []string
	for i, r := range a {
		if r.Key() != b[i].Key() {
			t.Errorf("the key of %s differs between two runs: %s, %s", r.Name, r.Key(), b[i].Key())
		}
		names = append(names, r.Name)
		keys = append(keys, r.Key())
		if bytes.Count(r.Body, []byte(boundary)) < 3 || r.Header.Get("Content-Type") != "multipart/form-data; boundary="+boundary {
			t.Errorf("%s: no form: %q", r.Name, r.Body)
		}
		if r.Name == nameTotal && bytes.Contains(r.Body, []byte(`name="sort"`)) {
			t.Errorf("the total is asked for with an order, which drops rows: %q", r.Body)
		}
	}
	want := []string{nameTotal, nameSearch, nameTotal, nameSearch, nameTotal, nameSearch, nameFacet}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != len(want) {
		t.Errorf("two requests share a key: %q", keys)
	}
	if want := source.Address["search"] + "&pageSize=100&pageNumber=1"; a[1].URL != want {
		t.Errorf("got %s, want %s", a[1].URL, want)
	}
}

func TestNextPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ total, page, want int }{{0, 1, 0}, {100, 1, 0}, {101, 1, 1}, {700, 1, 6}, {700, 2, 0}, {10_000, 1, 99}, {4_184_545, 1, 0}} {
		a := listingOf("1")
		a.Page = c.page
		p := parse(t, kind.Request{Name: nameSearch, State: a.state()}, fmt.Appendf(nil, `{"totalResults":%d,"pageNumber":%d,"pageSize":100,"results":[]}`, c.total, c.page))
		gap := slices.ContainsFunc(p.Notes, func(n kind.Note) bool { return n.Gap })
		if len(p.Next) != c.want || gap != (c.total > window) {
			t.Errorf("%d rows: %d more pages, gap %v, want %d", c.total, len(p.Next), gap, c.want)
		}
	}
}

// listed makes pages of a listing: its total, and the rows that an order showed.
func listed(t typ, total int, orders ...[]string) []kind.Page {
	a := listingOf(t.code)
	pages := []kind.Page{{Name: nameTotal, State: a.state(), Listing: t.listing, Total: total}}
	for i, refs := range orders {
		p := kind.Page{Name: nameSearch, State: a.in(t.passes[i]).state(), Listing: t.listing, Total: len(refs)}
		for _, r := range refs {
			p.Items = append(p.Items, kind.Item{Call: call.Call{Source: "ft-portal", Ref: r, Kind: call.KindCall, Divisions: []string{"1", "2"}}})
		}
		pages = append(pages, p)
	}
	return pages
}

func TestGather(t *testing.T) {
	t.Parallel()
	topics := types[0]
	for _, c := range []struct {
		name   string
		pages  []kind.Page
		refs   []string
		next   string // the order asked for
		gap    bool
		saying string
	}{
		{"whole", listed(topics, 2, []string{"b", "a"}), []string{"a", "b"}, "", false, ""},
		{"a row twice, another missing", listed(topics, 2, []string{"a", "a"}), []string{"a"}, "REFERENCE", false, ""},
		{"whole after two", listed(topics, 2, []string{"a", "a"}, []string{"b", "a"}), []string{"a", "b"}, "", false, "topics: whole at 2 rows after 2 orders"},
		{"missing after all", listed(topics, 3, []string{"a"}, []string{"a"}, []string{"b"}, nil, []string{"a"}), []string{"a", "b"}, "", true, "topics: 2 of 3 rows found after 5 orders"},
		{"grew meanwhile", listed(topics, 1, []string{"a", "b"}), []string{"a", "b"}, "", false, "topics: 2 rows where the portal counts 2"},
		{"nothing at all", nil, nil, "", false, ""},
		{"total only", listed(topics, 3), nil, "identifier", false, ""},
		{"empty", listed(topics, 0, nil), nil, "", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "grew meanwhile" {
				c.pages[1].Total = 1
				c.saying = "topics: 2 rows where the portal counts 1"
			}
			g := Kind{}.Gather(source, c.pages)
			var refs []string
			for _, it := range g.Items {
				refs = append(refs, it.Call.Ref)
			}
			if !slices.Equal(refs, c.refs) {
				t.Errorf("refs %q, want %q", refs, c.refs)
			}
			next := ""
			for _, r := range g.Next {
				if a, ok := parseAsk(r.State); ok {
					next += a.Order.field
				}
			}
			if next != c.next {
				t.Errorf("next order %q, want %q", next, c.next)
			}
			var notes strings.Builder
			gap := false
			for _, n := range g.Notes {
				fmt.Fprintln(&notes, n.Text)
				gap = gap || n.Gap
			}
			if gap != c.gap || !strings.Contains(notes.String(), c.saying) {
				t.Errorf("gap %v, notes %q, want %v, %q", gap, notes.String(), c.gap, c.saying)
			}
		})
	}
}

// The labels of codes come from the facet, then from our table; the pages keep their codes, since Gather may
// be called again with them.
func TestGatherLabels(t *testing.T) {
	t.Parallel()
	a := listingOf("1").in(types[0].passes[0])
	pages := []kind.Page{
		parse(t, kind.Request{Name: nameSearch, State: a.state()}, fixture(t, "topics.json")),
		parse(t, kind.Request{Name: nameFacet}, fixture(t, "facet.json")),
		parse(t, kind.Request{Name: nameDetails, State: "45878981EUAFProjectGrants1678320000000"}, fixture(t, "topic-new.json")),
	}
	type want struct {
		Programme string
		Divisions []string
		Text      string
	}
	for range 2 {
		got := map[string]want{}
		for _, it := range (Kind{}).Gather(source, pages).Items {
			got[it.Call.Ref] = want{it.Call.Programme, it.Call.Divisions, firstLine(it.Call.Text)}
		}
		if d := cmp.Diff(map[string]want{
			"45878981EUAFProjectGrants1678320000000": {"EUAF", []string{"Hercule", "Training"}, "Officers work in another country for a month."},
			"49662814TOPICS":                         {"TOMORROW", nil, ""},
			"49662897TOPICS":                         {"HORIZON", nil, ""},
			"51121581TOPICS":                         {"LIFE", []string{"Nature and Biodiversity"}, "Plans that several authorities carry out together."},
			"51144508TOPICS":                         {"DIGITAL", nil, "Expected Outcome:"},
		}, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
	g := Kind{}.Gather(source, pages[:1]) // without facet
	var notes []string
	for _, n := range g.Notes {
		notes = append(notes, n.Text)
	}
	if !slices.Contains(notes, "no label for programme 99999999") || !slices.Contains(notes, "no label for division 45288928") {
		t.Errorf("codes without label are not noted: %q", notes)
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func TestRecheck(t *testing.T) {
	t.Parallel()
	calls := []call.Call{
		{Ref: "51349575TOPICS", Identifier: "HORIZON-EIC-2026-PATHFINDERCHALLENGES-01-01"},
		{Ref: "13741COMPETITIVE_CALL", Identifier: "13741COMPETITIVE_CALL"},
		{Ref: "186204PROSPECTS", Identifier: "EuropeAid/186204/DD/ACT/Multi"},
		{Ref: "45878981EUAFProjectGrants1678320000000", Identifier: "EUAF-2023-TRAI-03"},
	}
	for i := range 60 {
		calls = append(calls, call.Call{Ref: fmt.Sprintf("%dTOPICS", 60_000_000+i)})
	}
	reqs := Kind{}.Recheck(source, calls)
	var bodies []string
	for _, r := range reqs {
		if r.Name != nameRecheck || r.Optional || !strings.Contains(string(r.Body), statusClosed) {
			t.Errorf("%+v", r)
		}
		bodies = append(bodies, string(r.Body))
	}
	all := strings.Join(bodies, "\n")
	for _, want := range []string{`"51349575TOPICSen"`, `"13741COMPETITIVE_CALLen"`, `"186204PROSPECTSEN"`, `"45878981EUAFProjectGrants1678320000000"`,
		`{"terms":{"callccm2Id":["13741"]}}`, `"EuropeAid/186204/DD/ACT/Multi"`, `"HORIZON-EIC-2026-PATHFINDERCHALLENGES-01-01"`, `"60000059TOPICSen"`} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing asks for %s", want)
		}
	}
	if want := 7; len(reqs) != want { // topics: two batches by reference, one with identifiers; the others two each
		t.Errorf("%d requests, want %d", len(reqs), want)
	}
	if again := (Kind{}).Recheck(source, reversed(calls)); len(again) != len(reqs) || again[0].Key() != reqs[0].Key() {
		t.Error("the order of the calls changes the requests")
	}

	// The answer: the topic, closed; and another call that shares its identifier.
	row := `{"reference":"%sTOPICSen","language":"en","metadata":{"DATASOURCE":["SEDIA"],"type":["1"],"status":["31094503"],"identifier":["HORIZON-EIC-2026-PATHFINDERCHALLENGES-01-01"],
		"title":["Challenges"],"deadlineDate":["2026-10-28T00:00:00.000+0000"],"programmeDivision":["43252406"],"frameworkProgramme":["99999999"]}}`
	body := fmt.Sprintf(`{"totalResults":2,"pageNumber":1,"pageSize":100,"results":[`+row+`,`+row+`]}`, "51349575", "99999")
	p := parse(t, reqs[0], []byte(body))
	if len(p.Items) != 1 || len(p.Notes) != 0 || p.Listing != "" || len(p.Next) != 0 {
		t.Fatalf("%+v", p)
	}
	if c := p.Items[0].Call; c.Ref != "51349575TOPICS" || c.Status != call.StatusClosed || c.Divisions != nil || c.Programme != "" {
		t.Errorf("%+v", c)
	}
}

func TestReadStamp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, want string // as a deadline with the clock 17:00; empty when it cannot be read
	}{
		{"2026-09-22T00:00:00.000+0000", "2026-09-22T17:00:00+02:00"},
		{"2025-02-13T00:00:00.000+0100", "2025-02-13T17:00:00+01:00"},
		{"2023-05-11T02:00:00.000+0200", "2023-05-11T17:00:00+02:00"},
		{"2023-03-09T01:00:00.000+0100", "2023-03-09T17:00:00+01:00"},
		{"2021-04-14T17:00:00.000+0000", "2021-04-14T17:00:00+02:00"},
		{"2026-06-02T08:00:55.000+0000", "2026-06-02T08:00:00+02:00"},
		{"2026-06-02T08:00", "2026-06-02T08:00:00+02:00"},
		{"2026-06-02T08:00:00Z", "2026-06-02T08:00:00+02:00"},
		{"2026-12-01T23:59:59.999+0000", "2026-12-01T23:59:00+01:00"},
		{"2024-11-28", "2024-11-28T17:00:00+01:00"},
		{"1744236000000", "2025-04-10T17:00:00+02:00"},
		{"1768863600000", "2026-01-20T17:00:00+01:00"},
		{"06 November 2024", "2024-11-06T17:00:00+01:00"},
		{"13 March 2018", "2018-03-13T17:00:00+01:00"},
		{"Nov 6, 2024 5:00:00 PM", "2024-11-06T17:00:00+01:00"},
		{"0001-01-01T00:00:00.000+0000", ""},
		{"2026-13-01T00:00:00.000+0000", ""},
		{"2026-06-02T08:00:00.000+xx", ""},
		{"", ""},
		{"soon", ""},
	} {
		s, ok := readStamp(c.in)
		got := ""
		if ok {
			got = s.deadline(17 * 60).String()
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestMendTitle(t *testing.T) {
	t.Parallel()
	long := "Combate ao tráfico de seres humanos na Guiné-Bissau"
	for _, c := range []struct{ in, want string }{
		{"Staff exchanges Staff exchanges", "Staff exchanges"},
		{"  Civil Society in\r\n Eritrea ", "Civil Society in Eritrea"},
		{"Dissemination (D&amp;E)", "Dissemination (D&E)"},
		{"Robotics[[https://www.europarl.europa.eu/x(2021).pdf]] (IA)", "Robotics (IA)"},
		{strings.Repeat(long+" ", 4) + "maior disponibilidade. " + strings.Repeat(long+" ", 4), long},
		{"Bora Bora", "Bora Bora"},
		{"Open call one Open call two", "Open call one Open call two"},
		{"from farm to fork from farm to fork and back", "from farm to fork and back"},
		{"null", ""},
		{"", ""},
	} {
		if got := mendTitle(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestMendText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"KPIs. null Activities", "KPIs. Activities"},
		{"null", ""},
		{"One\n\nnull\n\nTwo", "One\n\n\n\nTwo"},
		{"The null hypothesis is null and void.", "The null hypothesis is null and void."},
		{"null null", "null"},
		{"The limit: null", "The limit:"},
		{"One.\nnull Two? null", "One.\nTwo?"},
		{"One. nullified Two.null Three, null", "One. nullified Two.null Three, null"},
	} {
		if got := mendText(c.in); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(c.want), " ") {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAskState(t *testing.T) {
	t.Parallel()
	want := ask{Type: "8", Status: []string{"31094503"}, Lang: "en", Order: order{"callccm2Id", "DESC"}, Page: 3, Size: 100, Refs: []string{"1COMPETITIVE_CALL", "2COMPETITIVE_CALL"}}
	got, ok := parseAsk(want.state())
	if !ok || !slices.Equal(got.Refs, want.Refs) || got.Order != want.Order || got.Page != 3 || got.listing() != "cascades" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, ok := parseAsk("page=0"); ok {
		t.Error("a state without page was taken")
	}
}

// FuzzParse: whatever a server sends, Parse gives sound items or an error, and the same twice.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i := range 5 {
			f.Add(i, b)
		}
	}
	reqs := []kind.Request{
		{Name: nameSearch, State: listingOf("1").state()},
		{Name: nameSearch, State: listingOf("2").state()},
		{Name: nameSearch, State: listingOf("8").state()},
		{Name: nameFacet},
		{Name: nameDetails, State: "45878981EUAFProjectGrants1678320000000"},
	}
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		doc := kind.Document{Request: reqs[uint(i)%uint(len(reqs))], Body: body}
		a, err1 := Kind{}.Parse(source, doc)
		b, err2 := Kind{}.Parse(source, doc)
		if fmt.Sprint(a, err1) != fmt.Sprint(b, err2) {
			t.Errorf("twice the same, but\n%v %v\n%v %v", a, err1, b, err2)
		}
		for _, it := range a.Items {
			if err := it.Call.Validate(); err != nil {
				t.Error(err)
			}
			if !it.Fill && it.Hold == "" && (it.Call.Title == "" || len(it.Call.Deadlines) == 0) {
				t.Errorf("let through: %+v", it.Call)
			}
		}
	})
}

// BenchmarkParse reads a page of 100 topics with full texts, about 1 MB; beside it only its JSON, and only the HTML
// of its texts.
func BenchmarkParse(b *testing.B) {
	var e struct {
		Results []map[string]json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(fixture(b, "topics.json"), &e); err != nil {
		b.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(e.Results[0]["metadata"], &m); err != nil {
		b.Fatal(err)
	}
	description := strings.Repeat("<p>The centres of the network <b>share</b> what they learn &amp; meet twice a year.</p>", 110)
	list, err := json.Marshal([]string{description})
	if err != nil {
		b.Fatal(err)
	}
	m["descriptionByte"] = list
	var rows []string
	for i := range 100 {
		meta, err := json.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows, fmt.Sprintf(`{"reference":"%dTOPICSen","language":"en","summary":"x","metadata":%s}`, 51_000_000+i, meta))
	}
	body := fmt.Appendf(nil, `{"totalResults":100,"pageNumber":1,"pageSize":100,"results":[%s]}`, strings.Join(rows, ","))
	doc := kind.Document{Request: kind.Request{Name: nameSearch, State: listingOf("1").state()}, Body: body}
	measure := func(name string, read func() (int, error)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if n, err := read(); err != nil || n != 100 {
					b.Fatal(err, n)
				}
			}
		})
	}
	measure("page", func() (int, error) {
		p, err := (Kind{}).Parse(source, doc)
		return len(p.Items), err
	})
	measure("json", func() (int, error) {
		rows, _, err := readRows(body)
		return len(rows), err
	})
	measure("html", func() (n int, _ error) {
		for range 100 {
			if plainText(description) != "" {
				n++
			}
		}
		return n, nil
	})
}

func reversed(calls []call.Call) []call.Call {
	calls = slices.Clone(calls)
	slices.Reverse(calls)
	return calls
}

func TestTextEscapedTwice(t *testing.T) {
	got := joinHTML([]string{"<p>&lt;p&gt;A region &amp;amp; its towns.&lt;/p&gt;&lt;p&gt;&lt;strong&gt;Scope&lt;/strong&gt;&lt;/p&gt;</p>"})
	if want := "A region & its towns.\n\nScope"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
