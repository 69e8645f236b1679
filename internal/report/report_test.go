package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/plan"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	m, err := time.ParseInLocation("2006-01-02 15:04", s, call.Brussels())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func found(t testing.TB, key, title string, k call.Kind, first, deadline string, priorities ...string) Found {
	t.Helper()
	id, err := call.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f := Found{Call: call.Call{Source: id.Source, Ref: id.Ref, Kind: k, Title: title, Programme: "INTERREG", URL: "https://example.org/" + id.Ref}, FirstSeen: at(t, first+" 05:00"), Priorities: priorities}
	f.LastSeen = f.FirstSeen.AddDate(0, 1, 0)
	if deadline != "" {
		m, err := call.ParseMoment(deadline)
		if err != nil {
			t.Fatal(err)
		}
		f.Call.Deadlines = []call.Moment{m}
	}
	return f
}

func closed(f Found) Found {
	f.Call.Status = call.StatusClosed
	return f
}

func keys(t testing.TB, names ...string) []call.Key {
	t.Helper()
	out := make([]call.Key, len(names))
	for i, n := range names {
		k, err := call.ParseKey(n)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = k
	}
	return out
}

// daily gives a crawl of each of those days of March 2026 at six, UTC; a negative one failed.
func daily(days ...int) (out []watch.Run) {
	for _, d := range days {
		n := max(d, -d)
		r := watch.Run{Started: time.Date(2026, 3, n, 5, 50, 0, 0, time.UTC), Ended: time.Date(2026, 3, n, 6, 0, 0, 0, time.UTC), Complete: d > 0, Seen: 10, Added: 1}
		if d < 0 {
			r.Seen, r.Added, r.Error = 0, 0, "status 503"
		}
		out = append(out, r)
	}
	return out
}

func span(from, to int) (out []int) {
	for d := from; d <= to; d++ {
		out = append(out, d)
	}
	return out
}

// fixture is a year that can be counted by hand; the figures stand beside it in [TestByHand].
func fixture(t testing.TB) Input {
	t.Helper()
	decide := func(key, department, recipient string, c subscription.Choice, why, when string) subscription.Decision {
		return subscription.Decision{Key: keys(t, key)[0], Department: department, Recipient: recipient, Choice: c, Why: why, At: at(t, when+" 12:00")}
	}
	return Input{
		Year: 2026, Now: at(t, "2027-02-01 09:00"),
		Plan: &plan.Plan{ID: "p", Name: "Handlingsplanen", NameEN: "The action plan", Authority: "Region Exempel",
			Networks:    []plan.Network{{ID: "EFNS", Name: "Europaforum"}, {ID: "BK", Name: "Barentskommittén"}},
			Departments: []plan.Department{{ID: "a", Name: "Avdelning A", Priorities: []string{"broar"}}, {ID: "b", Name: "Avdelning B", NameEN: "Department B", Priorities: []string{"kultur"}}},
			Priorities: []plan.Priority{
				{ID: "broar", Name: "Broar", NameEN: "Bridges", Activities: []plan.Activity{{Networks: []string{"EFNS"}}, {Networks: []string{"EFNS"}}}},
				{ID: "kultur", Name: "Kultur"}, {ID: "tomt", Name: "Tomt", Activities: []plan.Activity{{Networks: []string{"BK", "EFNS"}}}},
			}},
		Items: []Found{
			found(t, "ft/1", "En bro", call.KindCall, "2026-02-10", "2026-05-20", "broar"),
			found(t, "vin/9", "En bro till", call.KindCall, "2026-02-12", "2026-05-20", "broar"), // the same
			found(t, "ft/2", "Broar och dans", call.KindCall, "2025-11-05", "2026-01-15", "broar", "kultur"),
			found(t, "hys/5", "Samråd om dans", call.KindConsultation, "2026-06-01", "2026-07-01", "kultur"), // of a first reading
			found(t, "ft/6", "Dans nästa år", call.KindPlanned, "2026-12-30", "", "kultur"),
			found(t, "ft/7", "Nästa års bro", call.KindCall, "2027-01-05", "2027-03-01", "broar"),
			found(t, "ft/8", "Förra årets dans", call.KindCall, "2025-06-01", "2025-12-01", "kultur"),
			found(t, "ft/10", "En sen bro", call.KindCall, "2026-04-01", "2026-04-30", "broar"),
			found(t, "ft/11", "Nyårsbron", call.KindCall, "2026-03-15", "2026-12-31", "broar"),
			found(t, "ft/13", "Ur arkivet", call.KindCall, "2026-02-01", "2019-05-01", "broar"), // of a first reading
			closed(found(t, "ft/14", "Ur arkivet, utan datum", call.KindCall, "2026-02-01", "", "broar")),
			found(t, "ft/12", "Ingen prioritering", call.KindCall, "2026-03-15", "2026-12-31"),
		},
		Groups: [][]call.Key{keys(t, "ft/1", "vin/9")},
		New: map[call.Key]bool{{Source: "ft", Ref: "1"}: true, {Source: "vin", Ref: "9"}: true, {Source: "ft", Ref: "6"}: true, {Source: "ft", Ref: "10"}: true,
			{Source: "ft", Ref: "11"}: true, {Source: "ft", Ref: "12"}: true},
		Decisions: []subscription.Decision{
			decide("vin/9", "a", "", subscription.Act, "", "2026-03-01"), // of one of the two that are the same
			decide("ft/11", "a", "", subscription.Act, "", "2026-03-20"),
			decide("ft/11", "a", "", subscription.Undecided, "", "2026-04-02"),
			decide("ft/10", "", "r1", subscription.Act, "", "2026-05-10"), // ten days late
			decide("hys/5", "a", "", subscription.NotRelevant, "gäller staten", "2026-06-10"),
			decide("hys/5", "b", "", subscription.Follow, "", "2026-07-05"),
			decide("ft/2", "b", "", subscription.Act, "", "2027-01-20"), // after the year
		},
		Digests: []Edition{{Keys: keys(t, "ft/1", "hys/5")}, {Keys: keys(t, "ft/1")}},
		Mails:   []Edition{{Keys: keys(t, "ft/1", "vin/9"), Mails: 2}, {Keys: keys(t, "ft/1"), Mails: 1}},
		Sources: []Reading{
			{Source: kind.Source{ID: "s1", Name: "Källa ett", Every: 24 * time.Hour, Enabled: true}, Runs: daily(append(append(span(1, 10), span(20, 23)...), append([]int{-24}, span(25, 31)...)...)...), Held: 4},
			{Source: kind.Source{ID: "s2", Name: "Källa två", Every: 24 * time.Hour, Enabled: true}},
			{Source: kind.Source{ID: "s3", Name: "Avstängd", Every: 24 * time.Hour}},
		},
	}
}

func built(t testing.TB, in Input) Report {
	t.Helper()
	r, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The figures of the fixture, counted by hand.
func TestByHand(t *testing.T) {
	t.Parallel()
	r := built(t, fixture(t))
	want := map[string]Figures{
		// ft/1 (with vin/9), ft/2, ft/10 and ft/11
		"broar": {Calls: 4, New: 3, InDigest: 1, Mailed: 1, Mails: 3, Untold: 3, Act: 2, Undecided: 2, InTime: 1, Late: 1, Passed: 2},
		// ft/2, hys/5 and ft/6
		"kultur": {Calls: 1, Consultations: 1, Others: 1, New: 1, InDigest: 1, Untold: 1, Follow: 1, Undecided: 2, InTime: 1, Passed: 1},
		"tomt":   {},
	}
	for _, p := range r.Priorities {
		if diff := cmp.Diff(want[p.ID], p.Figures); diff != "" {
			t.Errorf("%s (-by hand +counted):\n%s", p.ID, diff)
		}
	}
	total := Figures{Calls: 4, Consultations: 1, Others: 1, New: 4, InDigest: 2, Mailed: 1, Mails: 3, Untold: 3, Act: 2, Follow: 1, Undecided: 3, InTime: 2, Late: 1, Passed: 2}
	if diff := cmp.Diff(total, r.Total); diff != "" {
		t.Errorf("total (-by hand +counted):\n%s", diff)
	}
	if diff := cmp.Diff([]int{0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1}, r.Months); diff != "" {
		t.Errorf("months:\n%s", diff)
	}
	if diff := cmp.Diff([]Department{{ID: "a", Name: "Avdelning A", Concerned: 4, Act: 1, NotRelevant: 1}, {ID: "b", Name: "Avdelning B", Concerned: 3, Follow: 1}}, r.Departments); diff != "" {
		t.Errorf("departments:\n%s", diff)
	}
	if diff := cmp.Diff([]Network{{ID: "BK", Name: "Barentskommittén", Priorities: []string{"tomt"}}, {ID: "EFNS", Name: "Europaforum", Priorities: []string{"broar", "tomt"}, Calls: 4, Act: 2}}, r.Networks); diff != "" {
		t.Errorf("networks:\n%s", diff)
	}
	var order []string
	for _, it := range r.Items {
		order = append(order, it.Source+"/"+it.Ref)
	}
	if got := strings.Join(order, " "); got != "ft/2 ft/10 ft/1 hys/5 ft/11 ft/6" {
		t.Errorf("items by last day: %s", got)
	}
	var sorts []string
	for _, g := range r.Gaps {
		sorts = append(sorts, g.Sort+" "+g.ID)
	}
	if diff := cmp.Diff([]string{"told broar", "told kultur", "priority tomt", "network BK", "source s2", "source s1"}, sorts); diff != "" {
		t.Errorf("gaps:\n%s", diff)
	}
	if !r.Whole || r.From != "2026-01-01" || r.Until != "2026-12-31" {
		t.Errorf("from %s to %s, whole %v", r.From, r.Until, r.Whole)
	}
}

// How reliable a source was, by hand: late from 18:00 on the 11th, which is 36 hours after the last reading, until six on
// the 20th, 8.5 days; broken on the 24th, a day; of 30.75 days since it was first read, until the first of April.
func TestSourceByHand(t *testing.T) {
	t.Parallel()
	in := fixture(t)
	in.Now = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	r := built(t, in)
	i := slices.IndexFunc(r.Sources, func(s Source) bool { return s.ID == "s1" })
	s := r.Sources[i]
	if s.Runs != 22 || s.Complete != 21 || s.New != 21 || s.Held != 4 || s.Ill != 9.5 || s.Longest != 8.5 || math.Abs(s.Well-(1-9.5/30.75)) > 1e-9 {
		t.Errorf("got %+v", s)
	}
	if len(r.Sources) != 2 { // one that is not in service, and was not read, is no source of the year
		t.Errorf("sources %+v", r.Sources)
	}
	if r.Whole || r.Until != "2026-04-01" { // two o'clock in Sweden
		t.Errorf("until %s, whole %v", r.Until, r.Whole)
	}
	// What is not known yet is not counted: ft/10 came in the night to the first of April, its last day is to come.
	for _, it := range r.Items {
		if it.Ref == "10" || it.Ref == "11" && it.Timing != Ahead {
			t.Errorf("%+v", it)
		}
	}
	in.Year = 2027
	if _, err := Build(in); err == nil || !strings.Contains(err.Error(), "year 2027 has not begun") {
		t.Errorf("a year to come: %v", err)
	}
	in.Language = "fi"
	if _, err := Build(in); err == nil || !strings.Contains(err.Error(), `no language "fi"`) {
		t.Errorf("a language that there is not: %v", err)
	}
}

// The same figures stand in every form.
func TestForms(t *testing.T) {
	t.Parallel()
	r := built(t, fixture(t))
	text, err := CSV(r)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := strings.Join(rows[1], "|"); got != "broar|Broar|4|0|0|3|1|1|3|2|0|0|2|1|1|2|EFNS" {
		t.Errorf("csv: %s", got)
	}
	if got := strings.Join(rows[4], "|"); got != "|Totalt|4|1|1|4|2|1|3|2|1|0|3|2|1|2|" {
		t.Errorf("csv: %s", got)
	}
	book, err := XLSX(r)
	if err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got := strings.Join(x.GetSheetList(), " "); got != "Prioriteringar Poster Verksamheter Nätverk Källor Luckor" {
		t.Errorf("sheets %s", got)
	}
	cells, err := x.GetRows("Prioriteringar")
	if err != nil || !slices.Equal(cells[1][:16], rows[1][:16]) {
		t.Errorf("xlsx %q, %v", cells[1], err)
	}
	if cells, err = x.GetRows("Poster"); err != nil || len(cells) != 1+len(r.Items) {
		t.Errorf("%d items, %v", len(cells)-1, err)
	}
	var back Report
	if text, err = JSON(r); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&back); err != nil || back.Total != r.Total || len(back.Items) != len(r.Items) {
		t.Errorf("json: %v, %+v", err, back.Total)
	}
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(page), " ")), " ")
	for _, want := range []string{
		"Uppföljning 2026 av Handlingsplanen", "6 utlysningar, samråd och planerade utlysningar rörde någon av planens 3 prioriteringar. Beslut har fattats om 3 av dem, och för 2 av dem att vi tar oss an dem.",
		"Broar 4 0 0 3 1 1 3 2 0 0 2 1 1 2", "Totalt 4 1 1 4 2 1 3 2 1 0 3 2 1 2", "Avdelning A: inte aktuell, 2026-06-10 (gäller staten)", "Avdelning B: följer, 2026-07-05",
		"Tomt: ingen utlysning och inget samråd under perioden.", "Källa två: har inte lästs under perioden.", "EFNS, Europaforum Broar, Tomt 4 0 2",
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(string(page), "ZgotmplZ") || strings.Contains(string(page), "<script") {
		t.Error("the page has a script, or something that could not be escaped")
	}
	if t.Failed() {
		t.Log(plain)
	}
}

// What comes from outside is text, in a page and in a workbook.
func TestHostile(t *testing.T) {
	t.Parallel()
	in := fixture(t)
	in.Weeded = 2
	if r := built(t, in); r.Gaps[0].Words != "Innehållet i 2 utskick är gallrat. Det som stod där räknas inte som utskickat." {
		t.Errorf("weeded: %+v", r.Gaps)
	}
	in.Items[0].Call.Title = `=HYPERLINK("https://evil.example")<script>alert(1)</script>`
	in.Items[0].Call.URL = "javascript:alert(1)"
	r := built(t, in)
	page, err := HTML(r)
	if err != nil || bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("javascript:")) {
		t.Errorf("%v: a title or an address is not text in the page", err)
	}
	book, err := XLSX(r)
	if err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i := range r.Items {
		cell, err := excelize.CoordinatesToCellName(4, i+2)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := x.GetCellFormula("Poster", cell); err != nil || f != "" {
			t.Errorf("%s is the formula %q, %v", cell, f, err)
		}
	}
}

// Every text is there in both languages, takes the same, and says something else.
func TestTexts(t *testing.T) {
	t.Parallel()
	sv, err := wordsOf("sv")
	if err != nil {
		t.Fatal(err)
	}
	en, err := wordsOf("en")
	if err != nil {
		t.Fatal(err)
	}
	verbs := regexp.MustCompile(`%[a-z%]`)
	a, b := reflect.ValueOf(*sv), reflect.ValueOf(*en)
	compare := func(name, x, y string) {
		if x == "" || y == "" {
			t.Errorf("%s: %q in Swedish, %q in English", name, x, y)
		}
		if !slices.Equal(verbs.FindAllString(x, -1), verbs.FindAllString(y, -1)) {
			t.Errorf("%s: %q and %q take different things", name, x, y)
		}
	}
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		switch x := a.Field(i); x.Kind() {
		case reflect.String:
			if name != "language" {
				compare(name, x.String(), b.Field(i).String())
			}
		case reflect.Struct:
			for j := range x.NumField() {
				compare(name, x.Field(j).String(), b.Field(i).Field(j).String())
			}
		case reflect.Slice:
			if x.Len() != b.Field(i).Len() || x.Len() == 0 {
				t.Errorf("%s: %d texts in Swedish, %d in English", name, x.Len(), b.Field(i).Len())
				continue
			}
			for j := range x.Len() {
				compare(name, x.Index(j).String(), b.Field(i).Index(j).String())
			}
		}
	}
	in := fixture(t)
	in.Language = "en"
	r := built(t, in)
	page, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Follow-up 2026 of The action plan", "Bridges", "Department B", "What is taken on and followed"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the English page does not say %q", want)
		}
	}
	if got := sv.share(0.9999) + " " + en.share(0.5) + " " + sv.share(1) + " " + sv.number(8.5); got != "99,9\u00a0% 50% 100\u00a0% 8,5" {
		t.Errorf("numbers: %s", got)
	}
}
