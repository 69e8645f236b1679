package demo_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"utkik/config"
	"utkik/crawler/ftportal"
	"utkik/crawler/haveyoursay"
	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/demo"
)

// source gives a source as it comes with the program, with the sample portals in the place of the real ones.
func source(t *testing.T, id, base string) kind.Source {
	t.Helper()
	file := "sources/" + id + ".yaml"
	f, err := config.Embedded().Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	src, err := config.DecodeSource(file, data)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range src.Address { // as the engine does with a base
		_, path, _ := strings.Cut(strings.TrimPrefix(a, "https://"), "/")
		src.Address[name] = base + "/" + path
	}
	return src
}

// reading is one pass over a source, made as the engine makes it, with nothing but net/http.
type reading struct {
	calls map[string]call.Call
	holds map[string]string
	notes []string
	asked map[string]int // requests by name
}

func read(t *testing.T, src kind.Source, k kind.Kind) reading {
	t.Helper()
	out := reading{map[string]call.Call{}, map[string]string{}, nil, map[string]int{}}
	var pages []kind.Page
	var items []kind.Item
	seen := map[string]bool{}
	collect := func(wave []kind.Request) (asked bool) {
		for len(wave) > 0 {
			q := wave[0]
			wave = wave[1:]
			if seen[q.Key()] {
				continue
			}
			seen[q.Key()], asked = true, true
			out.asked[q.Name]++
			req, err := http.NewRequestWithContext(t.Context(), cmp.Or(q.Method, http.MethodGet), q.URL, bytes.NewReader(q.Body))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(req.Header, q.Header)
			status, header, body := do(t, req)
			if status != http.StatusOK || !slices.Contains(q.Accept, header.Get("Content-Type")) {
				t.Fatalf("%s: status %d, %s: %s", q.Key(), status, header.Get("Content-Type"), body)
			}
			p, err := k.Parse(src, kind.Document{Request: q, URL: q.URL, Status: status, Header: header, Body: body})
			if err != nil {
				t.Fatalf("%s: %v", q.Key(), err)
			}
			p.Name, p.State = q.Name, q.State
			pages = append(pages, p)
			wave = append(wave, p.Next...)
		}
		return asked
	}
	collect(k.Start(src))
	notes := func(list []kind.Note) {
		for _, n := range list {
			out.notes = append(out.notes, n.Ref+": "+n.Text)
			if n.Gap {
				t.Errorf("gap: %s", n.Text)
			}
		}
	}
	if g, ok := k.(kind.Gatherer); ok {
		got := g.Gather(src, pages)
		for collect(got.Next) {
			got = g.Gather(src, pages)
		}
		items = got.Items
		notes(got.Notes)
	} else {
		items = kind.Merge(pages)
	}
	for _, p := range pages {
		notes(p.Notes)
	}
	for _, it := range items {
		if err := it.Call.Validate(); err != nil {
			t.Error(err)
		}
		if _, twice := out.calls[it.Call.Ref]; twice {
			t.Errorf("%s came twice", it.Call.Key())
		}
		out.calls[it.Call.Ref] = it.Call
		if it.Hold != "" {
			out.holds[it.Call.Ref] = it.Hold
		}
	}
	return out
}

func do(t *testing.T, req *http.Request) (int, http.Header, []byte) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

// differences lists what a person would see of a change, a line each: days, not seconds.
func differences(old, now map[string]call.Call) []string {
	var out []string
	add := func(ref, what, from, to string) {
		if from != to {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s: %s -> %s", ref, what, from, to)))
		}
	}
	for ref, b := range now {
		a, known := old[ref]
		if !known {
			add(ref, "new", "", string(b.Status))
			continue
		}
		add(ref, "status", string(a.Status), string(b.Status))
		add(ref, "deadlines", days(a), days(b))
		add(ref, "opens", a.Opens.Date(), b.Opens.Date())
		add(ref, "identifier", a.Identifier, b.Identifier)
		add(ref, "budget", fmt.Sprint(a.BudgetEUR), fmt.Sprint(b.BudgetEUR))
		if a.Text != b.Text {
			out = append(out, ref+" text")
		}
		// What is compared above, and amounts that go with the budget's column, are equal from here on.
		b.Status, b.Deadlines, b.Opens, b.Identifier, b.BudgetEUR, b.Text = a.Status, a.Deadlines, a.Opens, a.Identifier, a.BudgetEUR, a.Text
		b.Grants, b.MinEUR, b.MaxEUR = a.Grants, a.MinEUR, a.MaxEUR
		if d := gocmp.Diff(a, b, gocmp.Comparer(call.Moment.Equal)); d != "" {
			out = append(out, ref+" otherwise: "+d)
		}
	}
	for ref := range old {
		if _, still := now[ref]; !still {
			out = append(out, ref+" absent")
		}
	}
	slices.Sort(out)
	return out
}

func days(c call.Call) string {
	var out []string
	for _, d := range c.Deadlines {
		out = append(out, d.Date())
	}
	return strings.Join(out, ", ")
}

// TestTwoDays reads both portals on both days with the real kinds.
func TestTwoDays(t *testing.T) {
	t.Parallel()
	portal := demo.New()
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	ft, say := source(t, "ft-portal", server.URL), source(t, "have-your-say", server.URL)

	var tenders, consultations [2]reading
	for n := range portal.Days() {
		portal.SetDay(n)
		tenders[n] = read(t, ft, ftportal.Kind{})
		consultations[n] = read(t, say, haveyoursay.Kind{})
	}
	for n, want := range [][2]int{{108, 12}, {110, 13}} {
		if got := [2]int{len(tenders[n].calls), len(consultations[n].calls)}; got != want {
			t.Errorf("day %d: %v items of the two portals, want %v", n+1, got, want)
		}
	}
	// A source that shows less than a healthy run's items is incomplete, and so would be every run of the demo.
	if len(tenders[0].calls) < ft.Expect.MinItems || len(consultations[0].calls) < say.Expect.MinItems {
		t.Errorf("fewer items than the sources expect: %d and %d", ft.Expect.MinItems, say.Expect.MinItems)
	}
	// One page a type of row; and the one topic whose text is only in its own file.
	if want := map[string]int{"total": 3, "search": 3, "facet": 1, "details": 1}; !maps.Equal(tenders[0].asked, want) {
		t.Errorf("requests %v, want %v", tenders[0].asked, want)
	}
	if want := map[string]int{"list": 1, "detail": 12}; !maps.Equal(consultations[0].asked, want) {
		t.Errorf("requests %v, want %v", consultations[0].asked, want)
	}

	want := []string{
		"14062COMPETITIVE_CALL new:  -> open",
		"185979PROSPECTS identifier: EuropeAid/185979/DD/ACT/ -> EuropeAid/185979/DD/ACT/BA",
		"44774210ERASMUSECHECharter1645574400000 new:  -> open",
		"50135855TOPICS budget: 10000000 -> 0", // the column is missing
		"50136248TOPICS text",
		"50140083TOPICS absent",
		"50218389TOPICS status: forthcoming -> open",
		"50563532TOPICS deadlines: 2026-05-20 -> 2026-05-21",
		"51083908TOPICS deadlines: 2026-08-04 -> 2026-07-28",
		"51121661TOPICS budget: 6500000 -> 7500000",
		"51181644TOPICS new:  -> open",
		"51454530TOPICS budget: 350000000 -> 0", // the column is missing
	}
	if d := gocmp.Diff(want, differences(tenders[0].calls, tenders[1].calls)); d != "" {
		t.Errorf("the portal's two days (-want +got)\n%s", d)
	}
	if d := gocmp.Diff([]string{"12683 new:  -> open"}, differences(consultations[0].calls, consultations[1].calls)); d != "" {
		t.Errorf("the consultations' two days (-want +got)\n%s", d)
	}

	// On each day every call is one that a reader could act on, but for the one that must end in quarantine.
	var stale []string
	for n, now := range portal.Days() {
		for _, r := range []reading{tenders[n], consultations[n]} {
			for ref, c := range r.calls {
				if c.Stale(now) {
					stale = append(stale, fmt.Sprint(n+1, " ", ref))
				}
				if c.Title == "" || c.Text == "" || len(c.Text) < 40 || len(c.Deadlines) == 0 || c.Opens.IsZero() || c.Language != "en" {
					t.Errorf("%s is not whole: %+v", ref, c)
				}
				if r.holds[ref] != "" {
					t.Errorf("%s is held: %s", ref, r.holds[ref])
				}
				// One is forthcoming after its opening day, as it was at the portal for weeks.
				if c.Status == call.StatusForthcoming && c.Opens.Passed(now) && ref != "51179640TOPICS" {
					t.Errorf("%s is forthcoming and opened on %s", ref, c.Opens)
				} else if c.Status == call.StatusOpen && c.Opens.Time().After(now) {
					t.Errorf("%s is open and opens on %s", ref, c.Opens)
				}
			}
			for _, note := range r.notes {
				t.Errorf("day %d: note: %s", n+1, note)
			}
		}
	}
	if want := []string{"2 44774210ERASMUSECHECharter1645574400000"}; !slices.Equal(stale, want) {
		t.Errorf("stale: %q, want %q", stale, want)
	}

	ocean := consultations[0].calls["16238"]
	if got := days(ocean); got != "2026-05-21, 2026-07-16" {
		t.Errorf("two periods at once: %s", got)
	}
	if got := tenders[0].calls["51121589TOPICS"]; got.DeadlineModel != "two-stage" || days(got) != "2026-09-03, 2027-03-04" {
		t.Errorf("two-stage: %s %s", got.DeadlineModel, days(got))
	}
}

// TestPlain holds that the texts can be read: no markup, no doubled blanks, and only ordinary signs.
func TestPlain(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(demo.New())
	t.Cleanup(server.Close)
	for id, k := range map[string]kind.Kind{"ft-portal": ftportal.Kind{}, "have-your-say": haveyoursay.Kind{}} {
		for ref, c := range read(t, source(t, id, server.URL), k).calls {
			for _, s := range []string{c.Title, c.Text, c.Eligible} {
				if strings.ContainsAny(s, "<>{}\t") || strings.Contains(s, "  ") || strings.Contains(s, "&") && strings.Contains(s, ";") {
					t.Errorf("%s: %q", ref, s)
				}
			}
		}
	}
}

// TestSeconds holds that the times of external action get other seconds from day to day, and nothing but seconds.
func TestSeconds(t *testing.T) {
	t.Parallel()
	portal := demo.New()
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	src := source(t, "ft-portal", server.URL)
	i := slices.IndexFunc(ftportal.Kind{}.Start(src), func(q kind.Request) bool {
		return q.Name == "search" && bytes.Contains(q.Body, []byte(`"type":["2"]`))
	})
	question := ftportal.Kind{}.Start(src)[i]
	var raw, cut [2][]string
	for n := range portal.Days() {
		portal.SetDay(n)
		req, err := http.NewRequestWithContext(t.Context(), question.Method, question.URL, bytes.NewReader(question.Body))
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(req.Header, question.Header)
		_, _, body := do(t, req)
		for _, m := range regexp.MustCompile(`(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)\.000`).FindAllSubmatch(body, -1) {
			cut[n] = append(cut[n], string(m[1]))
			raw[n] = append(raw[n], string(m[0]))
		}
	}
	if len(raw[0]) != 18 || slices.Equal(raw[0], raw[1]) {
		t.Errorf("times %q, then %q", raw[0], raw[1])
	}
	if !slices.Equal(cut[0], cut[1]) {
		t.Errorf("minutes %q, then %q", cut[0], cut[1])
	}
}

// TestHabits asks what no kind of ours asks, since others read the samples too.
func TestHabits(t *testing.T) {
	t.Parallel()
	portal := demo.New()
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	const search = "/search-api/prod/rest/search?apiKey=SEDIA&text=***"
	const say = "/info/law/better-regulation/brpapi/"
	for _, c := range []struct {
		name, method, path, media, body string
		status                          int
		want                            string
	}{
		{"robots", "GET", "/robots.txt", "", "", 200, "User-agent: *"},
		{"search by GET", "GET", search, "", "", 405, "Method Not Allowed"},
		{"no form: the whole index", "POST", search + "&pageSize=1", "application/json", `{"query":{"term":{"type":"9"}}}`, 200, `"totalResults":110,`},
		{"no filter, all languages", "POST", search, "form", `query={}`, 200, `"totalResults":110,"pageNumber":1,"pageSize":10,`},
		{"part without type", "POST", search, "form", `!query={}`, 500, `throwable`},
		{"not JSON", "POST", search, "form", `query={`, 400, `businessError`},
		{"unknown operator", "POST", search, "form", `query={"wildcard":{"title":"*"}}`, 400, `Invalid Query format`},
		{"unknown clause", "POST", search, "form", `query={"bool":{"perhaps":[{"term":{"type":"1"}}]}}`, 400, `Invalid Query format`},
		{"Swedish copies", "POST", search, "form", `languages=["sv"]`, 200, `"totalResults":2,`},
		{"term", "POST", search, "form", `query={"term":{"identifier":"I3-2026-INV1"}}`, 200, `"totalResults":0,`},
		{"must not", "POST", search, "form", `query={"bool":{"must":[{"terms":{"type":["1","2"]}}],"must_not":[{"term":{"type":"1"}}]}}`, 200, `"totalResults":6,`},
		{"should", "POST", search, "form", `query={"bool":{"should":[{"term":{"type":"2"}},{"term":{"type":"8"}}]}}`, 200, `"totalResults":15,`},
		{"range", "POST", search, "form", `query={"range":{"startDate":{"gte":"2027-01-01T00:00:00.000+0000"}}}`, 200, `"totalResults":8,`},
		{"range of a bare date means any", "POST", search, "form", `query={"range":{"startDate":{"gte":"2027-01-01"}}}`, 200, `"totalResults":110,`},
		{"page size is capped", "POST", search + "&pageSize=10000", "form", `query={}`, 200, `"pageSize":100,`},
		{"page beyond the end", "POST", search + "&pageSize=100&pageNumber=9", "form", `query={}`, 200, `"results":[]`},
		{"sort drops rows without the field", "POST", search, "form", `sort={"field":"callccm2Id","order":"ASC"}`, 200, `"sort":"callccm2Id:ASC"`},
		{"some fields only", "POST", search + "&pageSize=1", "form", `displayFields=["identifier","topicConditions"]`, 200, `"metadata":{"identifier":[`},
		{"facet", "POST", "/search-api/prod/rest/facet?apiKey=SEDIA&text=***", "form", `query={"term":{"type":"1"}}`, 200, `"value":"Programme for the Environment and Climate Action (LIFE)","count":5`},
		{"topic file", "GET", "/info/funding-tenders/opportunities/data/topicDetails/cerv-2026-citizens-town-tt.json", "", "", 200, `"ccm2Id":"51050034"`},
		{"topic file in upper case", "GET", "/info/funding-tenders/opportunities/data/topicDetails/CERV-2026-CITIZENS-TOWN-TT.json", "", "", 404, "Not Found"},
		{"addresses", "GET", "/info/funding-tenders/opportunities/portal/assets/openid-login-config.json", "", "", 200, `/search-api/prod/rest/facet?apiKey="`},
		{"consultations without language", "GET", say + "searchInitiatives?page=0", "", "", 500, "general_error"},
		{"consultations without page", "GET", say + "searchInitiatives?language=EN", "", "", 500, "general_error"},
		{"consultations sorted", "GET", say + "searchInitiatives?language=EN&page=0&sort=startDate,DESC", "", "", 406, ""},
		{"consultations of a topic", "GET", say + "searchInitiatives?language=EN&page=0&topic=TRANSPORT", "", "", 200, `"totalElements":2,`},
		{"consultations to come", "GET", say + "searchInitiatives?language=EN&page=0&feedbackStatus=UPCOMING", "", "", 200, `"content":[],"empty":true`},
		{"second page of five", "GET", say + "searchInitiatives?language=EN&page=1&size=5", "", "", 200, `"number":1,"numberOfElements":5,"size":5,"totalElements":12,"totalPages":3`},
		{"numbers are floats", "GET", say + "searchInitiatives?language=EN&page=0", "", "", 200, `"id":13790.0`},
		{"detail", "GET", say + "groupInitiatives/16238?language=EN", "", "", 200, `"dossierSummary":"<p>Wind power`},
		{"no such detail", "GET", say + "groupInitiatives/1", "", "", 404, "Not Found"},
		{"an address that is not there", "GET", "/info/law/better-regulation/api/groupInitiatives", "", "", 200, "<app-root>"},
		{"elsewhere", "GET", "/", "", "", 404, "Not Found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var body bytes.Buffer
			media := c.media
			if media == "form" {
				m := multipart.NewWriter(&body)
				name, value, _ := strings.Cut(c.body, "=")
				h := textproto.MIMEHeader{}
				if plain, ok := strings.CutPrefix(name, "!"); ok {
					name = plain
				} else {
					h.Set("Content-Type", "application/json")
				}
				h.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q; filename=\"blob\"", name))
				part, err := m.CreatePart(h)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(part, value)
				_ = m.Close()
				media = m.FormDataContentType()
			} else {
				body.WriteString(c.body)
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, &body)
			if err != nil {
				t.Fatal(err)
			}
			if media != "" {
				req.Header.Set("Content-Type", media)
			}
			status, header, got := do(t, req)
			if status != c.status || !strings.Contains(string(got), c.want) {
				t.Errorf("status %d, want %d with %q: %.600s", status, c.status, c.want, got)
			}
			tag := header.Get("ETag")
			if (tag != "") != (c.method == "GET" && status == 200) {
				t.Errorf("ETag %q", tag)
			}
			if tag != "" {
				again, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+c.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				again.Header.Set("If-None-Match", tag)
				if status, _, body := do(t, again); status != http.StatusNotModified || len(body) > 0 {
					t.Errorf("asked again: status %d with %d bytes, want 304 with none", status, len(body))
				}
			}
		})
	}
}
