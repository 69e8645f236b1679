package htmllist_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"utkik/config"
	"utkik/crawler/htmllist"
	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
)

// card is what another program took from a card of a list: the card's whole text stands as its title.
type card struct {
	Title    string    `json:"title"`
	English  string    `json:"title_en"`
	URL      string    `json:"url"`
	Opens    string    `json:"opens"`
	Closes   string    `json:"closes"`
	Status   string    `json:"status"`
	Source   string    `json:"source"`
	Captured time.Time `json:"_captured"`
}

// shared reads a file beside the project. Where it is missing the test skips, but not in CI.
func shared(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", filepath.FromSlash(name)))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED: %v: it needs the shared captures beside the project", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// captured gives every card of a source in all the readings that were kept.
func captured(t *testing.T, source string) []card {
	t.Helper()
	var all, out []card
	if err := json.NewDecoder(shared(t, "portals/swedish/captured/all_revisions.json")).Decode(&all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Source == source {
			out = append(out, c)
		}
	}
	return out
}

// embedded gives a source as it comes with the program.
func embedded(t testing.TB, id string) kind.Source {
	t.Helper()
	data, err := fs.ReadFile(config.Embedded(), "sources/"+id+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	src, err := config.DecodeSource("sources/"+id+".yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// parse reads the first page of the source's list.
func parse(t *testing.T, src kind.Source, fetched time.Time, body string) kind.Page {
	t.Helper()
	req := htmllist.Kind{}.Start(src)[0]
	p, err := htmllist.Kind{}.Parse(src, kind.Document{Request: req, URL: req.URL, Fetched: fetched, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEnergimyndigheten puts the text of each of the 201 real cards into a card, and finds title, day, category and
// summary as others took them apart, by the rules that the source's file has.
func TestEnergimyndigheten(t *testing.T) {
	t.Parallel()
	type facts struct {
		Source, URL, Title, Text, Programme string
		Status                              call.Status
		Deadlines                           []call.Moment
	}
	truth := map[string]facts{}
	z, err := gzip.NewReader(shared(t, "corpus/calls.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(z)
	for {
		var c facts
		if err := dec.Decode(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if c.Source == "swedish-calls" {
			truth[c.URL] = c
		}
	}
	cards := captured(t, "energimyndigheten")
	if len(cards) != 201 {
		t.Fatalf("%d cards, want 201", len(cards))
	}
	src := embedded(t, "energimyndigheten")
	var page strings.Builder
	page.WriteString(`<main><a href="/utlysningar/">Utlysningar</a><a href="/utlysningar/prenumerera/">Prenumerera</a>`)
	for _, c := range cards {
		fmt.Fprintf(&page, "<a href=%q>%s</a>\n", c.URL, html.EscapeString(c.Title))
	}
	p := parse(t, src, cards[0].Captured, page.String())
	if len(p.Items) != len(cards) || len(p.Notes) > 0 {
		t.Fatalf("%d items, notes %v", len(p.Items), p.Notes)
	}
	open, compared := 0, 0
	for i, it := range p.Items {
		c := it.Call
		if c.Status == call.StatusOpen {
			open++
		}
		if c.URL != cards[i].URL || len(c.Deadlines) != 1 || len(c.Topics) != 1 || c.Text == "" || c.Status == "" || c.Status == call.StatusForthcoming {
			t.Errorf("%q: got %+v", cards[i].Title, c)
			continue
		}
		// The same card in a translation: another wording of the day.
		day := c.Deadlines[0].Time()
		for _, part := range []string{day.Format("January"), day.Format("2006"), fmt.Sprintf(`\b0?%d\b`, day.Day())} {
			if !regexp.MustCompile(part).MatchString(cards[i].English) {
				t.Errorf("%q: got %s, in English %q", cards[i].Title, c.Deadlines[0], cards[i].English)
			}
		}
		want, known := truth[c.URL]
		if !known {
			continue
		}
		compared++
		if c.Title != want.Title || c.Deadlines[0].Date() != want.Deadlines[0].Date() || c.Text != want.Text || c.Status != want.Status ||
			want.Programme != "Energimyndigheten – "+c.Topics[0] {
			t.Errorf("%q:\n got %q %q %q %q\nwant %q %q %q %q", cards[i].Title, c.Title, c.Deadlines, c.Status, c.Text, want.Title, want.Deadlines, want.Status, want.Text)
		}
	}
	if open != 13 || compared < 170 {
		t.Errorf("%d are open and %d were compared, want 13 and the 174 of the corpus", open, compared)
	}
	t.Logf("%d of %d cards compared with the corpus", compared, len(cards))
}

var stamp = regexp.MustCompile(`\d{4}-\d{2}-\d{2} \d{2}:\d{2}`)

// TestFormas reads every real card of twelve days: status, and the day and time that it states.
func TestFormas(t *testing.T) {
	t.Parallel()
	src := embedded(t, "formas")
	read := 0
	for _, c := range captured(t, "formas") {
		status := call.Status("")
		for word, s := range map[string]call.Status{"Current: ": call.StatusOpen, "Future: ": call.StatusForthcoming, "Closed: ": call.StatusClosed, "Given decision: ": call.StatusClosed} {
			if strings.Contains(c.Title, word) {
				status = s
			}
		}
		if status == "" {
			continue // the first reading took the titles alone
		}
		read++
		p := parse(t, src, c.Captured, fmt.Sprintf("<main><a href=%q>%s</a></main>", c.URL, html.EscapeString(c.Title)))
		if len(p.Items) != 1 || len(p.Notes) > 0 {
			t.Errorf("%q: %d items, notes %v", c.Title, len(p.Items), p.Notes)
			continue
		}
		got := p.Items[0].Call
		stamps := stamp.FindAllString(c.Title, -1)
		stated := stamps[len(stamps)-1]
		moment := ""
		switch {
		case len(got.Deadlines) == 1:
			moment = got.Deadlines[0].Time().Format("2006-01-02 15:04")
		case !got.Opens.IsZero():
			moment = got.Opens.Time().Format("2006-01-02 15:04")
		}
		if got.Status != status || status != call.StatusClosed && moment != stated || status == call.StatusClosed && moment != "" {
			t.Errorf("%q: got %s %q", c.Title, got.Status, moment)
		}
		slug := strings.TrimSuffix(c.URL[strings.LastIndex(c.URL, "/")+len("/2026-04-22-"):], ".html")
		if first := strings.ToLower(strings.Fields(got.Title)[0]); !strings.HasPrefix(slug, strings.Trim(first, ":,")) || strings.Contains(got.Title, stated) {
			t.Errorf("%q: title %q", c.Title, got.Title)
		}
	}
	if read < 60 {
		t.Errorf("%d cards were read, want all of the twelve days", read)
	}
}

// TestTillvaxtverket reads every real card, and the day that its page states: what the other program took for the last day
// is the first, since the calls are forthcoming.
func TestTillvaxtverket(t *testing.T) {
	t.Parallel()
	src := embedded(t, "tillvaxtverket")
	months := []string{"januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"}
	read := 0
	for _, c := range captured(t, "tillvaxtverket") {
		opens, err := time.Parse(time.DateOnly, c.Closes)
		if err != nil || !strings.Contains(c.URL, "/utlysningar/utlysningar/") {
			continue // the list itself, and a page elsewhere
		}
		read++
		p := parse(t, src, c.Captured, fmt.Sprintf(`<main><a href=%q>%s <span>Kommande</span> <span>EU</span></a></main>`, c.URL, html.EscapeString(c.Title)))
		if len(p.Items) != 1 || len(p.Notes) > 0 || len(p.Next) != 1 || p.Next[0].Name != listing.NameDetail || p.Next[0].URL != c.URL {
			t.Errorf("%q: got %+v", c.Title, p)
			continue
		}
		body := fmt.Sprintf("<main><h1>%s</h1><ul><li>Kommande</li><li>Öppnar %d %s %d</li></ul><p>En utlysning.</p></main>",
			html.EscapeString(c.Title), opens.Day(), months[opens.Month()-1], opens.Year())
		detail, err := htmllist.Kind{}.Parse(src, kind.Document{Request: p.Next[0], URL: c.URL, Fetched: c.Captured, Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		got := kind.Merge([]kind.Page{p, detail})[0].Call
		number := c.URL[strings.LastIndex(strings.TrimSuffix(c.URL, ".html"), ".")+1 : len(c.URL)-len(".html")]
		if got.Ref != number || got.Title != c.Title || got.Status != call.StatusForthcoming || got.Opens.Date() != c.Closes || got.Programme != "Tillväxtverket" || len(got.Deadlines) > 0 {
			t.Errorf("%q: got %+v", c.Title, got)
		}
	}
	if read < 19 {
		t.Errorf("%d cards were read", read)
	}
}
