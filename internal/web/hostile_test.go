package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"utkik/internal/account"
)

// asking are the addresses that read a search.
var asking = []string{"/", "/suggest", "/export/search.csv", "/export/search.json", "/feeds/search.atom", "/save"}

// inside is what no reader should see of how the program is made.
var inside = regexp.MustCompile(`goroutine \d|runtime error|\.go:\d|panic|index: |sql: |utkik/internal`)

// TestBadInput sends what nobody sends in earnest to all that reads a search: each answers with hits or a sentence in the
// reader's language, and says nothing of its insides.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, tt := range []struct {
		name, query string
		status      int    // of the page
		sv, en      string // what it says, where it is no hit list
	}{
		{"10 KB", "q=" + strings.Repeat("j%C3%A4rnv%C3%A4g+", 640), 400, "sökningen är 5119 tecken lång", "the query is 5119 letters long"},
		{"10 KB of one word", "q=" + strings.Repeat("x", 10240), 400, "sökningen är 10240 tecken lång", "the query is 10240 letters long"},
		{"an open quote", `q=%22rail+freight`, 400, "ett citattecken saknar sitt slut", "a quote is not closed"},
		{"an open quote in a field", `q=title%3A%22rail`, 400, "ett citattecken saknar sitt slut", "a quote is not closed"},
		{"an open parenthesis", `q=(rail`, 400, "en parentes saknar sitt slut", "a parenthesis is not closed"},
		{"a stray parenthesis", `q=rail)`, 400, "en parentes stängs", "a parenthesis is closed"},
		{"100 parentheses", "q=" + strings.Repeat("(", 100) + "rail" + strings.Repeat(")", 100), 400, "parenteser", "parentheses"},
		{"a zero byte", "q=rail%00&kind=%00", 200, "", ""},
		{"nothing but zero bytes", "q=%00%00", 200, "", ""},
		{"broken UTF-8", "q=%ff%fe%c3&source=%ff", 200, "", ""},
		{"broken escapes", "q=%zz&page=%", 200, "", ""},
		{"semicolons", "q=rail;page=2;x", 200, "", ""},
		{"page a billion", "q=&page=1000000000", 200, "", ""},
		{"a page beyond numbers", "q=&page=" + strings.Repeat("9", 300), 200, "", ""},
		{"a page below", "q=&page=-1000000000000000000000", 200, "", ""},
		{"unknown parameters", "q=rail&cursor=abc&limit=1e9&offset=-1&callback=x&lang=xx", 200, "", ""},
		{"a cursor of yesterday", "cursor=eyJhZnRlciI6MX0%3D", 200, "", ""},
		{"a leading star", "q=*a*", 400, "en * kan bara avsluta ett ord; skriv a", "a * can only end a word; write a"},
		{"stars inside", "q=r*a*i*l", 400, "en * kan bara avsluta ett ord", "a * can only end a word"},
		{"short stars", "q=a*+b*+c*+d*", 400, "a* är för kort", "a* is too short"},
		{"a thousand stars", "q=" + strings.Repeat("*", 1000), 200, "", ""},
		{"many stars", "q=" + strings.Repeat("abc*+", 33), 400, "sökningen har 33 delar", "the query has 33 parts"},
		{"as many stars as may be", "q=" + strings.Repeat("rai*+OR+", 31) + "for*", 200, "", ""},
		{"an unknown field", "q=colour:blue", 400, "det finns inget fält", "there is no field"},
		{"a date that is none", "q=deadline:2026-13", 400, "är inget datum", "is no date"},
		{"a thousand ticks", "q=&" + strings.TrimSuffix(strings.Repeat("kind=x&", 1000), "&") + "&status=open", 200, "", ""},
		{"a tick of 10 KB", "q=&programme=" + strings.Repeat("x", 10240), 200, "", ""},
		{"a script", "q=" + url.QueryEscape(script) + "&source=" + url.QueryEscape(script), 200, "", ""},
		{"right to left", "q=" + url.QueryEscape(rtl), 200, "", ""},
		{"signs over signs", "q=a" + strings.Repeat("%CC%81", 900), 200, "", ""},
		{"NOT alone", "q=NOT", 400, "minustecknet behöver ett ord", "the minus needs a word"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range asking {
				for lang, want := range map[string]string{"sv": tt.sv, "en": tt.en} {
					query := tt.query
					if lang == "en" {
						query = "lang=en&" + query
					}
					w := asks(t, s, path, query)
					body := plain(w.Body.String())
					if bad := inside.FindString(body); bad != "" || w.Code >= 500 {
						t.Errorf("%s: %d, %q in %.300s", path, w.Code, bad, body)
					}
					switch {
					case path == "/suggest" && w.Code != 200:
						t.Errorf("%s: %d", path, w.Code)
					case path != "/suggest" && path != "/save" && (w.Code != tt.status || !strings.Contains(body, want)):
						t.Errorf("%s, %s: %d, want %d with %q: %.300s", path, lang, w.Code, tt.status, want, body)
					}
				}
			}
		})
	}
}

// asks asks for a query as it came over the wire.
func asks(t testing.TB, s http.Handler, path, query string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(account.With(t.Context(), editor), http.MethodGet, path, nil)
	r.URL.RawQuery, r.RequestURI = query, path+"?"+query
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// FuzzAddress: whatever stands behind the question mark is answered with a page or a sentence, and a page's one address
// leads to a page of the same address.
func FuzzAddress(f *testing.F) {
	s := site(f)
	s.cfg.Log = slog.New(slog.DiscardHandler)
	for _, query := range []string{
		"q=rail&status=open", "q=%22", "q=%00", "page=9e9", "lang=en&q=rai*&sort=newest", "words=typed&q=%C3%A4", "q=a*+b*", "budget=none&deadline=3m&action_type=ria",
		"q=title:x&kind=%ff", "a;b&=&&&%", "q=(a+OR+b)+-c&page=3", "saved=kultur", "q=&programme=%3Cscript%3E",
	} {
		f.Add(query)
	}
	canonical := regexp.MustCompile(`<link rel="canonical" href="http://example.com([^"]*)">`)
	f.Fuzz(func(t *testing.T, query string) {
		if len(query) > 4000 {
			return // the server takes no more of an address than it must
		}
		for _, path := range asking {
			w := asks(t, s, path, query)
			if w.Code >= 500 {
				t.Errorf("%s?%s: %d %.300s", path, query, w.Code, plain(w.Body.String()))
			}
			if path != "/" || w.Code != 200 {
				continue
			}
			one := canonical.FindStringSubmatch(w.Body.String())
			if one == nil {
				t.Fatalf("%s: the page has no address", query)
			}
			u, err := url.Parse(strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(one[1]))
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			again := canonical.FindStringSubmatch(asks(t, s, "/", u.RawQuery).Body.String())
			if again == nil || again[1] != one[1] {
				t.Errorf("%s: its address %s leads to %v", query, one[1], again)
			}
		}
	})
}
