package haveyoursay

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
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

var _ kind.Kind = Kind{}

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// source is config/sources/have-your-say.yaml, as far as the kind reads it.
var source = kind.Source{
	ID: "have-your-say", Kind: "haveyoursay", Language: "en", Zone: "Europe/Brussels",
	Address: map[string]string{
		"list":   "https://ec.europa.eu/info/law/better-regulation/brpapi/searchInitiatives?language=EN&feedbackStatus=OPEN",
		"detail": "https://ec.europa.eu/info/law/better-regulation/brpapi/groupInitiatives/{id}?language=EN",
	},
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
	p, err := Kind{}.Parse(source, kind.Document{Request: req, Status: http.StatusOK, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// unfiltered is a question for all initiatives, open or not.
func unfiltered() kind.Request {
	src := source
	src.Address = map[string]string{"list": "https://ec.europa.eu/brpapi/searchInitiatives", "detail": source.Address["detail"]}
	return listRequest(src, 0)
}

// TestFixtures reads each file of testdata and compares what comes of it with the golden file beside it: an item a
// line in the exchange format, then what it asks for next, then its notes.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file string
		req  kind.Request
	}{
		{"list.json", listRequest(source, 0)},
		{"list-former.json", unfiltered()},
		{"detail.json", detailRequest(source, "18805", "")},
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
				fmt.Fprintf(&b, "next %s %s stamp %s optional %v\n", r.Name, r.Key(), r.Stamp, r.Optional)
			}
			for _, n := range p.Notes {
				fmt.Fprintf(&b, "note %s: %s (gap %v)\n", n.Ref, n.Text, n.Gap)
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

// TestNoList says what a document is that is none of those expected, in words an operator can act on.
func TestNoList(t *testing.T) {
	t.Parallel()
	page := `{"initiativeResultDtoPage":{"content":[],"totalElements":%d,"number":%d,"size":100}}`
	shell := `<!doctype html><html><head><title>Have your say</title></head><body><app-root></app-root></body></html>`
	for _, c := range []struct{ name, request, state, body, want string }{
		{"shell", nameList, "0", shell, "the site's HTML shell instead of JSON"},
		{"shell for a detail", nameDetail, "5", shell, "the site's HTML shell instead of JSON"},
		{"maintenance", nameList, "0", "<p>Service temporarily unavailable</p>", "(Service temporarily unavailable)"},
		{"cut", nameList, "0", `{"initiativeResultDtoPage":{"cont`, "JSON cut off after 33 bytes"},
		{"not JSON", nameList, "0", "upstream connect error", `not JSON at byte 1: "upstream connect error"`},
		{"empty", nameList, "0", " ", "an empty answer"},
		{"list", nameList, "0", "[]", "JSON without initiativeResultDtoPage"},
		{"error", nameList, "0", `{"status":500,"message":"general_error"}`, "its keys are message, status"},
		{"content missing", nameList, "0", `{"initiativeResultDtoPage":{"totalElements":4}}`, "JSON without initiativeResultDtoPage"},
		{"total missing", nameList, "0", `{"initiativeResultDtoPage":{"content":[]}}`, "JSON without initiativeResultDtoPage"},
		{"other types", nameList, "0", `{"initiativeResultDtoPage":{"content":"many"}}`, "JSON of another shape than"},
		{"another page", nameList, "0", fmt.Sprintf(page, 200, 1), "page 0 was asked for, page 1 came"},
		{"more rows than there are", nameList, "0", `{"initiativeResultDtoPage":{"content":[{"id":1}],"totalElements":0}}`, "1 rows on a page of 100, of 0 in all"},
		{"state", nameList, "first", fmt.Sprintf(page, 0, 0), `state "first" does not say`},
		{"detail of another", nameDetail, "5", `{"id":6.0,"dossierSummary":"x"}`, "initiative 5 was asked for, 6 came"},
		{"detail without number", nameDetail, "5", `{"dossierSummary":"x"}`, "JSON without id"},
		{"detail of another shape", nameDetail, "5", `{"id":5,"dossierSummary":[]}`, "JSON of another shape than id"},
		{"unknown request", "rss", "", `{}`, `request "rss" is none of`},
		{"filter ignored", nameList, "0", closedRows(8, 4), "only open initiatives were asked for, and 8 of 12 are not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := listRequest(source, 0)
			req.Name, req.State = c.request, c.state
			p, err := Kind{}.Parse(source, kind.Document{Request: req, Body: []byte(c.body)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
			if len(p.Items)+len(p.Next) > 0 {
				t.Errorf("an error with %d items", len(p.Items))
			}
		})
	}
}

// closedRows is a list of initiatives of which some are not open.
func closedRows(closed, open int) string {
	var rows []string
	for i := range closed + open {
		status := feedbackClosed
		if i >= closed {
			status = feedbackOpen
		}
		rows = append(rows, fmt.Sprintf(`{"id":%d,"shortTitle":"T","currentStatuses":[{"receivingFeedbackStatus":%q,"feedbackEndDate":"2026/05/01 23:59:59"}]}`, i+1, status))
	}
	return fmt.Sprintf(`{"initiativeResultDtoPage":{"content":[%s],"totalElements":%d,"number":0,"size":100}}`, strings.Join(rows, ","), len(rows))
}

func TestStart(t *testing.T) {
	t.Parallel()
	got := Kind{}.Start(source)
	want := source.Address["list"] + "&page=0&size=100"
	if len(got) != 1 || got[0].URL != want || got[0].Optional || !slices.Equal(got[0].Accept, []string{"application/json"}) {
		t.Errorf("got %+v, want %s", got, want)
	}
	if url := unfiltered().URL; url != "https://ec.europa.eu/brpapi/searchInitiatives?page=0&size=100" {
		t.Errorf("an address without query: %s", url)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		total, page, size int
		want              []string // states of the pages asked for
		gap               bool
	}{
		{"none", 0, 0, 100, nil, false},
		{"one page", 45, 0, 100, nil, false},
		{"full page", 100, 0, 100, nil, false},
		{"two pages", 101, 0, 100, []string{"1"}, false},
		{"only the first asks", 101, 1, 100, nil, false},
		{"pages of another size", 45, 0, 20, []string{"1", "2"}, false},
		{"size not stated", 150, 0, 0, []string{"1"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parse(t, listRequest(source, c.page), fmt.Appendf(nil, `{"initiativeResultDtoPage":{"content":[],"totalElements":%d,"number":%d,"size":%d}}`, c.total, c.page, c.size))
			var got []string
			for _, r := range p.Next {
				got = append(got, r.State)
			}
			if !slices.Equal(got, c.want) || p.Total != c.total || p.Listing == "" {
				t.Errorf("pages %q of listing %q with %d, want %q", got, p.Listing, p.Total, c.want)
			}
		})
	}
	p := parse(t, listRequest(source, 0), []byte(`{"initiativeResultDtoPage":{"content":[],"totalElements":1000000}}`))
	if len(p.Next) != maxPages-1 || !slices.ContainsFunc(p.Notes, func(n kind.Note) bool { return n.Gap }) {
		t.Errorf("%d pages and notes %v of a list without end", len(p.Next), p.Notes)
	}
	if p := parse(t, unfiltered(), []byte(`{"page":{"totalElements":0,"totalPages":0,"number":0,"size":100}}`)); p.Total != 0 || len(p.Items) != 0 {
		t.Errorf("the former shape, empty: %+v", p)
	}
}

// TestPeriods tells which dates are the call's.
func TestPeriods(t *testing.T) {
	t.Parallel()
	const year = "2026/"
	p := func(feedback, start, end string) period {
		if start != "" {
			start = year + start + " 10:00:00"
		}
		if end != "" {
			end = year + end + " 23:59:59"
		}
		return period{Stage: "OPC_LAUNCHED", Feedback: feedback, Start: start, End: end}
	}
	current := func(d period) period { d.Current = true; return d }
	for _, c := range []struct {
		name      string
		periods   []period
		status    call.Status
		opens     string
		deadlines string
	}{
		{"none", nil, "", "", ""},
		{"open", []period{p(feedbackOpen, "03/05", "05/28")}, call.StatusOpen, "2026-03-05", "2026-05-28"},
		{"to come", []period{p(feedbackUpcoming, "06/01", "06/29")}, call.StatusForthcoming, "2026-06-01", "2026-06-29"},
		{"closed", []period{p(feedbackClosed, "01/05", "02/28")}, call.StatusClosed, "2026-01-05", "2026-02-28"},
		{"asks nothing", []period{p(feedbackDisabled, "01/05", "02/28")}, "", "", ""},
		{"two open at once", []period{p(feedbackOpen, "04/23", "07/16"), p(feedbackOpen, "04/23", "05/21")}, call.StatusOpen, "2026-04-23", "2026-05-21 2026-07-16"},
		{"one of two has closed", []period{p(feedbackOpen, "04/23", "07/16"), p(feedbackClosed, "04/23", "05/21")}, call.StatusOpen, "2026-04-23", "2026-05-21 2026-07-16"},
		{"an earlier stage", []period{p(feedbackClosed, "01/05", "02/02"), p(feedbackOpen, "04/23", "07/16")}, call.StatusOpen, "2026-04-23", "2026-07-16"},
		{"open, and another to come", []period{p(feedbackOpen, "04/23", "05/21"), p(feedbackUpcoming, "09/01", "09/29")}, call.StatusOpen, "2026-04-23", "2026-05-21 2026-09-29"},
		{"closed stages, one current", []period{p(feedbackClosed, "01/05", "02/02"), current(p(feedbackClosed, "03/05", "04/02"))}, call.StatusClosed, "2026-03-05", "2026-04-02"},
		{"same end twice", []period{p(feedbackOpen, "04/23", "05/21"), p(feedbackOpen, "04/30", "05/21")}, call.StatusOpen, "2026-04-23", "2026-05-21"},
		{"start after end", []period{p(feedbackOpen, "06/23", "05/21")}, call.StatusOpen, "", "2026-05-21"},
		{"no start", []period{p(feedbackOpen, "", "05/21"), p(feedbackClosed, "", "02/02")}, call.StatusOpen, "", "2026-05-21"},
		{"no end", []period{p(feedbackOpen, "04/23", "")}, call.StatusOpen, "2026-04-23", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := row{ID: 1, ShortTitle: "T", Periods: c.periods}
			item, _ := r.item("have-your-say")
			var got []string
			for _, d := range item.Call.Deadlines {
				if !d.DayOnly() {
					t.Errorf("%s is no day", d)
				}
				got = append(got, d.String())
			}
			if item.Hold != "" || item.Call.Status != c.status || item.Call.Opens.String() != c.opens || strings.Join(got, " ") != c.deadlines {
				t.Errorf("%s from %s to %s, held %q; want %s from %s to %s", item.Call.Status, item.Call.Opens, got, item.Hold, c.status, c.opens, c.deadlines)
			}
		})
	}
}

// TestMidnight holds that feedback is open to the end of its last day in Brussels, however the portal writes it.
func TestMidnight(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2026/05/28 23:59:59", "2026/05/28 00:00:00", "2026/05/28", "2026-05-28T00:00:00"} {
		m, ok := day(s)
		before := time.Date(2026, 5, 28, 21, 59, 59, 0, time.UTC)
		if !ok || m.Passed(before) || !m.Passed(before.Add(time.Second)) {
			t.Errorf("%s: %s, passed before midnight %v, at midnight %v", s, m, m.Passed(before), m.Passed(before.Add(time.Second)))
		}
	}
	for _, s := range []string{"", "soon", "2026/13/01 00:00:00", "2026/02/30", "1900/01/01 00:00:00", "2026/05/281", "20260528"} {
		if m, ok := day(s); ok {
			t.Errorf("%q was read as %s", s, m)
		}
	}
}

// TestStamp holds that the detail is asked for again when the row changes, and only then.
func TestStamp(t *testing.T) {
	t.Parallel()
	r := row{ID: 5, ShortTitle: "T", Periods: []period{{"OPC_LAUNCHED", feedbackOpen, "2026/03/05 10:00:00", "2026/05/28 23:59:59", true}}}
	moved := row{ID: 5, ShortTitle: "T", Periods: []period{{"OPC_LAUNCHED", feedbackOpen, "2026/03/05 10:00:00", "2026/06/04 23:59:59", true}}}
	again := r
	if r.stamp() != again.stamp() || r.stamp() == moved.stamp() {
		t.Errorf("stamps %s, %s and %s", r.stamp(), again.stamp(), moved.stamp())
	}
}

// FuzzParse: whatever comes is read or refused, and what is read can be kept.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"list.json", "list-former.json", "detail.json"} {
		f.Add(fixture(f, name), name == "detail.json")
	}
	f.Add([]byte(`{"initiativeResultDtoPage":{"content":[{"id":1e3}],"totalElements":1,"size":-1}}`), false)
	f.Add([]byte(`{"_embedded":{"initiativeResultDtoes":[null]},"page":{"totalElements":1}}`), false)
	f.Add([]byte("<"), true)
	f.Fuzz(func(t *testing.T, body []byte, detail bool) {
		req := listRequest(source, 0)
		if detail {
			req = detailRequest(source, "18805", "")
		}
		p, err := Kind{}.Parse(source, kind.Document{Request: req, Body: body})
		if err != nil && (len(p.Items)+len(p.Next)+len(p.Notes) > 0 || strings.Contains(err.Error(), "\n")) {
			t.Errorf("error %q with page %+v", err, p)
		}
		for _, it := range p.Items {
			if err := it.Call.Validate(); err != nil {
				t.Error(err)
			}
			if it.Fill != detail {
				t.Errorf("fills only: %v", it.Fill)
			}
			if _, err := call.Encode(&it.Call); err != nil {
				t.Error(err)
			}
			if !slices.IsSortedFunc(it.Call.Deadlines, call.Moment.Compare) {
				t.Errorf("deadlines %v", it.Call.Deadlines)
			}
		}
		for _, q := range p.Next {
			if !strings.HasPrefix(q.URL, "https://ec.europa.eu/info/law/better-regulation/brpapi/") {
				t.Errorf("asks for %s", q.URL)
			}
		}
		for _, n := range p.Notes {
			if n.Text == "" {
				t.Errorf("a note without text: %+v", n)
			}
		}
	})
}
