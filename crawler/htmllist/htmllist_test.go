package htmllist_test

import (
	"strings"
	"testing"
	"time"

	"utkik/crawler/htmllist"
	"utkik/crawler/kind"
	"utkik/internal/call"
)

// TestUnread asks for what cannot be read, and is told why.
func TestUnread(t *testing.T) {
	t.Parallel()
	list := kind.Rules{Items: kind.Items{Select: "li"}, Fields: []kind.Field{{Name: "title", Find: kind.Find{Select: "a"}}}}
	broken := list
	broken.Items.Select = "li["
	tests := []struct {
		name    string
		rules   kind.Rules
		request kind.Request
		want    string
	}{
		{"no rules", kind.Rules{}, kind.Request{Name: "list", State: "list=list&page=1"}, "rules.items.select is missing"},
		{"a broken rule", broken, kind.Request{Name: "list", State: "list=list&page=1"}, `rules.items.select: "li[" is no CSS selector`},
		{"another request", list, kind.Request{Name: "feed"}, `request "feed" is none of list, detail`},
		{"another state", list, kind.Request{Name: "list", State: "page=0"}, `state "page=0" does not say which page`},
		{"a detail that no rule reads", list, kind.Request{Name: "detail", State: "1"}, "rules.detail is missing"},
		{"an empty body", list, kind.Request{Name: "list", State: "list=list&page=1"}, `no element matches items.select "li": the layout has changed, or it is another page; its title is ""`},
	}
	for _, tt := range tests {
		_, err := htmllist.Kind{}.Parse(kind.Source{ID: "x", Rules: tt.rules}, kind.Document{Request: tt.request})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestStart asks for each list of a source, and for nothing else of its addresses.
func TestStart(t *testing.T) {
	t.Parallel()
	src := kind.Source{Address: map[string]string{"list_plan": "https://example.org/b", "list": "https://example.org/a", "help": "https://example.org/c"}}
	reqs := htmllist.Kind{}.Start(src)
	if len(reqs) != 2 || reqs[0].URL != "https://example.org/a" || reqs[1].URL != "https://example.org/b" {
		t.Errorf("got %+v", reqs)
	}
}

// FuzzParse reads any page by the rules of real sources: it is read or refused, and what is read is sound.
func FuzzParse(f *testing.F) {
	for _, page := range []string{
		`<main><a href="/utlysningar/x/"><h2>T</h2> Stänger 01 juni 2026 Forskningsstöd s</a></main>`,
		`<main><h2>Call 9</h2><p>7.9–7.10.2026</p></main>`,
		`<article class="ecl-content-item"><div class="ecl-content-block__title"><a href="/x">T</a></div></article>`,
		`<main><table><tr><th>Call<th>Closes<tr><td colspan=9999999>x<td>1 May 2026</table>`,
		`<base href="http://[::1"><main><a href="%zz">call</a>`, "<plaintext>",
	} {
		f.Add(page)
	}
	var sources []kind.Source
	for _, id := range []string{"energimyndigheten", "interreg-aurora", "cinea", "interreg-npa", "icld"} {
		sources = append(sources, embedded(f, id))
	}
	f.Fuzz(func(t *testing.T, page string) {
		for _, src := range sources {
			req := htmllist.Kind{}.Start(src)[0]
			doc := kind.Document{Request: req, URL: req.URL, Fetched: time.Date(2026, 5, 13, 0, 0, 0, 0, time.UTC), Body: []byte(page)}
			p, err := htmllist.Kind{}.Parse(src, doc)
			if err != nil {
				continue
			}
			for _, it := range p.Items {
				if err := it.Call.Validate(); err != nil {
					t.Errorf("%s: %v", src.ID, err)
				}
				if len(it.Call.Deadlines) > 0 && it.Call.Kind != call.KindNews && it.Call.Status == "" {
					t.Errorf("%s: a call with a deadline has no status: %+v", src.ID, it.Call)
				}
			}
			if len(p.Items) == 0 && len(p.Notes) == 0 {
				t.Logf("%s: empty", src.ID) // its page says so, or every item was dropped
			}
			if src.Rules.Detail != nil {
				doc.Request.Name, doc.Request.State = "detail", "1"
				if p, err := (htmllist.Kind{}).Parse(src, doc); err == nil && (len(p.Items) != 1 || !p.Items[0].Fill) {
					t.Errorf("%s: detail gives %+v", src.ID, p.Items)
				}
			}
		}
	})
}
