package listing

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

func field(t *testing.T, f kind.Find) *Field {
	t.Helper()
	rules, mistakes := Compile(kind.Rules{Fields: []kind.Field{{Name: "title", Find: f}}})
	if len(mistakes) > 0 {
		t.Fatalf("%+v: %v", f, mistakes)
	}
	return rules.Fields[0]
}

// TestLabels finds values beside their labels in every way in which pages set them.
func TestLabels(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"a description list", `<dl><dt>Opens</dt><dd>1 May</dd><dt><b>Deadline:</b></dt><dd>2 May</dd><dd>3 May</dd><dt>Budget</dt><dd>4</dd></dl>`, "2 May\n3 May"},
		{"boxes around terms", `<dl><div><dt>Deadline</dt><dd><p>2 May</p></dd></div><div><dt>Budget</dt><dd>4</dd></div></dl>`, "2 May"},
		{"cells of a row", `<table><tr><th>Budget</th><td>4</td></tr><tr><th>Deadline</th> <td>2 May</td></tr></table>`, "2 May"},
		{"plain cells", `<table><tr><td>Deadline</td><td>2 May</td><td>3 May</td></tr></table>`, "2 May"},
		{"bold words", `<p><strong>Opens:</strong> 1 May<br><strong>Deadline:</strong> 2 May<br>Budget: 4</p>`, "2 May"},
		{"bold words, one line", `<p><b>Opens:</b> 1 May <b>Deadline</b>: 2 May <b>Budget</b>: 4</p>`, "2 May"},
		{"neighbours", `<div class="label">Deadline</div><div class="value">2 May</div><div>other</div>`, "2 May"},
		{"neighbours in boxes", `<div><span>Deadline</span></div><div><span>2 May</span></div>`, "2 May"},
		{"paragraphs", `<div class="tr"><p class="title td">Deadline</p><p class="td">2 May</p></div>`, "2 May"},
		{"a heading", `<h3>Deadline</h3><p>2 May</p><p>at noon</p><h3>Budget</h3><p>4</p>`, "2 May\n\nat noon"},
		{"a line", `<p>Opens: 1 May</p><p>Deadline: 2 May</p>`, "2 May"},
		{"an item", `<ul><li>Opens: 1 May</li><li>Deadline: 2 May</li></ul>`, "2 May"},
		{"Swedish", `<dl><dt>Sista ansökningsdag</dt><dd>2 maj</dd></dl>`, "2 maj"},
		{"another case, and white space", "<dl><dt>\n   SISTA\n   ANSÖKNINGSDAG  </dt><dd> 2 maj </dd></dl>", "2 maj"},
		{"a duplicate in a comment", `<!-- <dl><dt>Deadline</dt><dd>1 May</dd></dl> --><dl><dt>Deadline</dt><!-- <dd>1 May</dd> --><dd>2 May</dd></dl>`, "2 May"},
		{"a label in a sentence", `<p>The Deadline is near.</p><p>Deadline: 2 May</p>`, "2 May"},
		{"a menu", `<a href="#d">Deadline</a><p>x</p><dl><dt>Deadline</dt><dd>2 May</dd></dl>`, "2 May"},
		{"glued when read as text", `<div><span>Call number</span><span>X-1</span></div><div><span>Deadline</span><span>2 May</span></div>`, "2 May"},
		{"none", `<p>Deadlines follow</p><dl><dt>Deadline</dt></dl>`, ""},
	}
	f := field(t, kind.Find{Label: []string{"Deadline", "Sista ansökningsdag:"}})
	for _, tt := range tests {
		scope, err := Fragment(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.HTML(scope), "|"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	const page = `<article><h3><a href="/x">A title</a></h3><time datetime="2026-05-02">2 May</time><p>Current: 3 days left.
		Apply before: 2026-06-10 14:00</p><p id="call-deadline td">5 May</p><script>Current: never</script></article>`
	tests := []struct {
		f    kind.Find
		want []string
	}{
		{kind.Find{Select: "h3 a"}, []string{"A title"}},
		{kind.Find{Select: "h3 a", Attribute: "href"}, []string{"/x"}},
		{kind.Find{Select: "time", Attribute: "datetime"}, []string{"2026-05-02"}},
		{kind.Find{Select: `[id^="call-deadline"]`}, []string{"5 May"}},
		{kind.Find{Pattern: `Apply before: (\S+ \S+)`}, []string{"2026-06-10 14:00"}},
		{kind.Find{Pattern: `Current|Future`}, []string{"Current"}},
		{kind.Find{Select: "p", Pattern: `\d+ [a-zM]\w+`}, []string{"3 days", "5 May"}},
		{kind.Find{Value: "LIFE"}, []string{"LIFE"}},
		{kind.Find{Select: "h4"}, nil},
		{kind.Find{Select: "p", Pattern: "Öppnar"}, nil},
	}
	scope, err := Fragment(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		f := field(t, tt.f)
		if diff := cmp.Diff(tt.want, f.HTML(scope)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f, diff)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	const doc = `{"id": 18805.0, "open": true, "none": null, "html": "<p>From <b>A</b></p><time datetime='2026-01-02'></time>",
		"rounds": [{"end": "2026-05-02"}, {"end": "2026-09-02"}, {}], "tags": ["a", 2, null, {"b": 1}], "plain": "one\ntwo"}`
	tests := []struct {
		f    kind.Find
		want []string
	}{
		{kind.Find{Path: "id"}, []string{"18805"}},
		{kind.Find{Path: "open"}, []string{"true"}},
		{kind.Find{Path: "none"}, nil},
		{kind.Find{Path: "none.deeper"}, nil},
		{kind.Find{Path: "html"}, []string{"From A"}},
		{kind.Find{Path: "html", Select: "time", Attribute: "datetime"}, []string{"2026-01-02"}},
		{kind.Find{Path: "rounds.*.end"}, []string{"2026-05-02", "2026-09-02"}},
		{kind.Find{Path: "rounds.1.end", Pattern: `^\d+`}, []string{"2026"}},
		{kind.Find{Path: "tags"}, []string{"a", "2"}},
		{kind.Find{Path: "plain"}, []string{"one\ntwo"}},
	}
	dec := json.NewDecoder(strings.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		f := field(t, tt.f)
		if diff := cmp.Diff(tt.want, f.JSON(v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f, diff)
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	f := field(t, kind.Find{Column: []string{"Opening date", "Öppnar"}})
	for _, tt := range []struct {
		header []string
		want   int
	}{
		{[]string{"Title", "Opening date", "Closing date"}, 1},
		{[]string{"Titel", "Planerat öppningsdatum", "Öppnar (preliminärt)"}, 2},
		{[]string{"Opening date of the programme", "OPENING DATE:"}, 1},
		{[]string{"Titel", "Stänger"}, -1},
		{nil, -1},
	} {
		if got := f.In(tt.header); got != tt.want {
			t.Errorf("%q: got %d, want %d", tt.header, got, tt.want)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	rules, _ := Compile(kind.Rules{Status: kind.Words{Closed: []string{"Given decision", "Open in name only"}}})
	for in, want := range map[string]call.Status{
		"Open": call.StatusOpen, "ÖPPEN": call.StatusOpen, "Kommande": call.StatusForthcoming, "Stängd 19 mars 2024": call.StatusClosed,
		"Öppnar 12 augusti 2026": call.StatusForthcoming, "Stänger 24 april 2026": call.StatusOpen, "Not yet open": call.StatusForthcoming,
		"Given decision: 2026": call.StatusClosed, "Open in name only": call.StatusClosed, "Reopened": "", "": "", "Åpen for søknader": call.StatusOpen,
		"Call is closed": call.StatusClosed, "openness": "",
	} {
		if got := rules.Status(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	r := NewReader(kind.Source{Zone: "Europe/Stockholm", Clock: "16:00"}, kind.Document{Fetched: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)})
	for in, want := range map[string]string{
		"27 juni till 14 september 2023":           "2023-06-27 2023-09-14T16:00:00+02:00",
		"15 december 2026 – 15 februari 2027":      "2026-12-15 2027-02-15T16:00:00+01:00",
		"15 december till 15 februari 2027":        "2026-12-15 2027-02-15T16:00:00+01:00",
		"1–30 september 2026":                      "2026-09-01 2026-09-30T16:00:00+02:00",
		"7.9.2026–7.10.2026 16:00 CET":             "2026-09-07 2026-10-07T16:00:00+02:00",
		"20 oct 2026 to 16 mar 2027":               "2026-10-20 2027-03-16T16:00:00+01:00",
		"2026-10-20 - 2027-03-16":                  "2026-10-20 2027-03-16T16:00:00+01:00",
		"from 4 November 2019 - 3 February 2020":   "2019-11-04 2020-02-03T16:00:00+01:00",
		"den 1 mars 2026 till och med 5 mars 2026": "2026-03-01 2026-03-05T16:00:00+01:00",
		"7.9–7.10.2026 16:00 CET":                  "2026-09-07 2026-10-07T16:00:00+02:00",
		"7.12 – 7.1.2027":                          "2026-12-07 2027-01-07T16:00:00+01:00",
		"31.2–7.3.2027":                            "",
		"5 mars 2026 till 1 mars 2026":             "",
		"tills vidare":                             "",
		"till 1 mars 2026":                         "",
	} {
		got := ""
		if opens, closes, ok := r.Period(in); ok {
			got = opens.String() + " " + closes.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestEuros(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, unit string
		want     int64
	}{
		{"EUR 1.1 billion", "", 1_100_000_000}, {"1 500 000 €", "", 1_500_000}, {"5 miljoner kronor", "", 0}, {"12 500 000", "", 0},
		{"12 500 000", "EUR", 12_500_000}, {"1,5", "MEUR", 1_500_000}, {"750", "kEUR", 750_000}, {"2 million euro", "MEUR", 2_000_000}, {"n/a", "EUR", 0},
	} {
		got, ok := Euros(tt.in, tt.unit)
		if got != tt.want || ok != (tt.want > 0) {
			t.Errorf("%q in %q: got %d, %v, want %d", tt.in, tt.unit, got, ok, tt.want)
		}
	}
}

func TestRef(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://www.example.org/utlysningar/a-b/":            "utlysningar/a-b",
		"http://example.org/utlysningar/a-b#top":              "utlysningar/a-b",
		"https://example.org/x.html?b=2&utm_source=n&a=1":     "x.html?a=1&b=2",
		"https://other.example.org/x":                         "other.example.org/x",
		"https://www.example.org/":                            "example.org",
		"https://example.org/utlysningar/kraftlyftet-%C3%B6/": "utlysningar/kraftlyftet-ö",
		"mailto:a@example.org":                                "",
		"":                                                    "",
	} {
		if got := Ref("https://example.org/en", in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestItem makes calls of values: what is stated, what the source says instead, and what the dates tell.
func TestItem(t *testing.T) {
	t.Parallel()
	src := kind.Source{ID: "x", Home: "https://example.org", Zone: "Europe/Helsinki", Clock: "15:59", Language: "en", Programme: "P", ItemKind: call.KindCall}
	doc := kind.Document{URL: "https://example.org/list/?page=2", Fetched: time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)}
	v := func(pairs ...string) (out []Value) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, Value{Field: pairs[i], Texts: strings.Split(pairs[i+1], "|"), By: "test"})
		}
		return out
	}
	tests := []struct {
		name   string
		values []Value
		want   string // JSON without source; then notes
	}{
		{"all from the item", v("title", "A", "url", "../a?x=1", "deadlines", "30.05.2026|1 June 2026 and 1 May 2026", "programme", "Q", "topics", "- a\n- b|a", "grants", "about 4"),
			`{"source":"x","ref":"a?x=1","kind":"call","title":"A","programme":"Q","status":"open","deadlines":["2026-05-01T15:59:00+03:00","2026-05-30T15:59:00+03:00","2026-06-01T15:59:00+03:00"],"language":"en","url":"https://example.org/a?x=1","topics":["a","b"],"grants":4}`},
		{"dates tell the status", v("title", "A", "ref", "Call 9", "period", "7 September 2026 to 7 October 2026"),
			`{"source":"x","ref":"Call-9","kind":"call","title":"A","programme":"P","status":"forthcoming","opens":"2026-09-07","deadlines":["2026-10-07T15:59:00+03:00"],"language":"en"}`},
		{"over", v("title", "A", "ref", "1", "deadlines", "12 May 2026"),
			`{"source":"x","ref":"1","kind":"call","title":"A","programme":"P","status":"closed","deadlines":["2026-05-12T15:59:00+03:00"],"language":"en"}`},
		{"the site's word comes first", v("title", "A", "ref", "1", "deadlines", "12 May 2026", "status", "Open"),
			`{"source":"x","ref":"1","kind":"call","title":"A","programme":"P","status":"open","deadlines":["2026-05-12T15:59:00+03:00"],"language":"en"}`},
		{"what cannot be read is told", v("title", "A", "ref", "1", "deadlines", "to be announced", "kind", "tender", "budget_eur", "SEK 5"),
			`{"source":"x","ref":"1","kind":"call","title":"A","programme":"P","language":"en"}
note 1: deadlines: "to be announced" holds no date (found by test)
note 1: kind: "tender" holds no kind (found by test)
note 1: budget_eur: "SEK 5" holds no amount in euros (found by test)`},
		{"nothing to know it by", v("title", "A"), `gap : an item has neither address nor ref: "A"`},
		{"no title", v("url", "/a"), `gap a: an item has no title`},
		{"kept out", v("title", "Results of the call", "url", "/a"), ``},
		{"not kept in", v("title", "A", "url", "/a", "topics", "Tender"), ``},
	}
	rules, mistakes := Compile(kind.Rules{Drop: []kind.Filter{{Field: "title", Pattern: "^Results"}, {Field: "topics", Pattern: "Tender"}}})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	for _, tt := range tests {
		r := NewReader(src, doc)
		item, notes, ok := r.Item(rules, tt.values)
		var got []string
		if ok {
			line, err := call.Encode(&item.Call)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(line))
		}
		for _, n := range notes {
			word := "note"
			if n.Gap {
				word = "gap"
			}
			got = append(got, word+" "+n.Ref+": "+n.Text)
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestMirror reads one page behind three addresses: what is found is the source's own.
func TestMirror(t *testing.T) {
	t.Parallel()
	const own = "https://example.org/list"
	for _, tt := range []struct{ base, url string }{{"", own}, {"http://127.0.0.1:8901", "http://127.0.0.1:8901/list"}, {"https://mirror.example.net", "https://mirror.example.net/list"}} {
		r := NewReader(kind.Source{ID: "x", Home: "https://example.org/", Base: tt.base}, kind.Document{Request: kind.Request{URL: own}, URL: tt.url})
		for in, want := range map[string]string{"/a": "https://example.org/a", "a?b": "https://example.org/a?b", tt.base + "/c": "https://example.org/c", "https://other.example.org/d": "https://other.example.org/d", "mailto:x@example.org": ""} {
			if got := r.Resolve(in); got != want {
				t.Errorf("behind %q: %q is %q, want %q", tt.base, in, got, want)
			}
		}
	}
}

// FuzzHTML: rules read any page without panic, and what they find is text.
func FuzzHTML(f *testing.F) {
	f.Add(`<dl><dt>Deadline</dt><dd>2 May</dd></dl>`, "Deadline")
	f.Add(`<b>Deadline:</b> 2 May<br>`, "Deadline")
	f.Add(`<table><td>Deadline<td><table><td>Deadline`, "Deadline")
	f.Add(`<plaintext><dt>Deadline`, "deadline")
	f.Fuzz(func(t *testing.T, page, label string) {
		rules, mistakes := Compile(kind.Rules{Fields: []kind.Field{{Name: "title", Find: kind.Find{Label: []string{label}}}}})
		scope, err := Fragment(page)
		if len(mistakes) > 0 || err != nil {
			return
		}
		for _, s := range rules.Fields[0].HTML(scope) {
			if s == "" || strings.ContainsRune(s, 0) {
				t.Errorf("label %q in %q: %q", label, page, s)
			}
		}
	})
}

// TestRowsAndSections reads rows by the words of their table's header, and sections by their headings.
func TestRowsAndSections(t *testing.T) {
	t.Parallel()
	const page = `<h2>Calls</h2><p>Deadline: 1 January 2020</p>
		<h3>Call 9</h3><p>Regular projects.</p><ul><li>Deadline: 7 October 2026</li></ul>
		<h3>Call 7</h3><div><b>Deadline</b> 8 October 2026</div><h4>Note</h4><p>Small-scale.</p>
		<h2>Calendar</h2><table><thead><tr><th>Call</th><th colspan="2">Period</th><th>Closing date</th></tr></thead>
		<tbody><tr><td>Call 10</td><td>x</td><td>y</td><td>9 March 2027</td></tr><tr><td>short</td></tr></tbody></table>`
	doc, err := Fragment(page)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		items string
		title kind.Find
		end   kind.Find
		want  []string
	}{
		{"h3", kind.Find{Select: "h3"}, kind.Find{Label: []string{"Deadline"}}, []string{"Call 9 2026-10-07", "Call 7 2026-10-08"}},
		{"tbody tr", kind.Find{Column: []string{"Call"}}, kind.Find{Column: []string{"Deadline", "Closing"}}, []string{"Call 10 2027-03-09", "short "}},
	}
	for _, tt := range tests {
		rules, mistakes := Compile(kind.Rules{Items: kind.Items{Select: tt.items}, Fields: []kind.Field{
			{Name: "title", Find: tt.title}, {Name: "ref", Find: tt.title}, {Name: "deadlines", Find: tt.end}}})
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		r := NewReader(kind.Source{ID: "x"}, kind.Document{})
		shown, err := r.Elements(rules, cascadia.QueryAll(doc.Nodes[0], rules.Items.Select))
		if err != nil || len(shown.Notes) > 0 || shown.Count != len(tt.want) {
			t.Errorf("%s: %+v, %v", tt.items, shown, err)
		}
		var got []string
		for _, it := range shown.Items {
			last, _ := it.Call.LastDeadline()
			got = append(got, it.Call.Title+" "+last.Date())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.items, diff)
		}
	}
}
