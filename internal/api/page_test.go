package api

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"utkik/internal/account"
	"utkik/internal/web"
	"utkik/internal/web/browsertest"
)

// The page tells of every operation all that a program's maker needs, in both languages.
func TestPage(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, lang := range languages {
		a := s.ask(http.MethodGet, "/api?lang="+lang, "")
		page, err := goquery.NewDocumentFromReader(strings.NewReader(string(a.body)))
		check(t, err)
		if got, want := page.Find("h1").Text(), s.api.page.texts[lang].Heading; got != want {
			t.Errorf("%s: the heading is %q, want %q", lang, got, want)
		}
		if n := page.Find("article").Length(); n != len(s.api.ops) {
			t.Errorf("%s: %d operations are shown, there are %d", lang, n, len(s.api.ops))
		}
		for _, op := range s.api.ops {
			at := page.Find("article[aria-labelledby='" + op.id + "']")
			text := at.Text()
			for _, want := range []string{op.method + " " + Prefix + op.path, op.example, strings.ReplaceAll(op.about, "`", "")} {
				if !strings.Contains(text, want) {
					t.Errorf("%s %s: no %q in %q", lang, op.id, want, text)
				}
			}
			for _, p := range s.api.described(op).Parameters {
				if at.Find("dt code").FilterFunction(func(_ int, c *goquery.Selection) bool { return c.Text() == p.Name }).Length() == 0 {
					t.Errorf("%s %s: parameter %s is not shown", lang, op.id, p.Name)
				}
			}
			if op.status != http.StatusNoContent && at.Find("details pre").Length() != 1 {
				t.Errorf("%s %s: no answer is shown", lang, op.id)
			}
		}
		page.Find("a[href^='#']").Each(func(_ int, link *goquery.Selection) {
			if page.Find(link.AttrOr("href", "")).Length() != 1 {
				t.Errorf("%s: link to %s leads nowhere", lang, link.AttrOr("href", ""))
			}
		})
		if page.Find("script, [style]").Length() > 0 {
			t.Errorf("%s: what the page's own policy forbids", lang)
		}
		if strings.Contains(page.Text(), "<no value>") {
			t.Errorf("%s: a value is missing", lang)
		}
	}
}

// What the page gives to paste is a command that works: its parts are those of the request that gave the example.
func TestCurl(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, op := range s.api.ops {
		got := curl(op, s.URL)
		if strings.Count(got, "'")%2 != 0 || strings.Contains(op.body, "'") || strings.Contains(op.example, "'") {
			t.Errorf("%s: a quote is not closed: %s", op.id, got)
		}
		address := regexp.MustCompile(`'(http[^']*)'`).FindStringSubmatch(got)
		if address == nil || address[1] != s.URL+Prefix+op.example {
			t.Errorf("%s: %s", op.id, got)
		}
	}
	s.start(Config{BaseURL: "https://utkik.example.org/"})
	if got := string(s.ask(http.MethodGet, "/api", "").body); !strings.Contains(got, "https://utkik.example.org/api/v1/priorities") {
		t.Error("the examples are not under the address that is configured")
	}
	s.start(Config{BaseURL: " "})
	s.api.cfg.BaseURL = ""
	r := httptest.NewRequest(http.MethodGet, "/api", nil)
	r.Host = "x'$(id)"
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), "$(id)") {
		t.Error("what is pasted into a shell may hold what a host's name says")
	}
}

// Both files of texts have the same keys, and Swedish a line for every operation.
func TestTexts(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	sv, en := s.api.page.texts["sv"], s.api.page.texts["en"]
	for name, of := range map[string]func(*texts) map[string]string{"tags": func(t *texts) map[string]string { return t.Tags }, "roles": func(t *texts) map[string]string { return t.Roles }} {
		if a, b := slices.Sorted(maps.Keys(of(sv))), slices.Sorted(maps.Keys(of(en))); !slices.Equal(a, b) {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
	var ids []string
	for _, op := range s.api.ops {
		ids = append(ids, op.id)
	}
	slices.Sort(ids)
	if got := slices.Sorted(maps.Keys(sv.Operations)); !slices.Equal(got, ids) {
		t.Errorf("Swedish tells of %q, there are %q", got, ids)
	}
	for _, lang := range []*texts{sv, en} {
		for _, v := range []string{lang.Heading, lang.Intro, lang.Document, lang.Contents, lang.Parameters, lang.Body, lang.Fields, lang.Shapes, lang.Example, lang.Answer, lang.NoAnswer,
			lang.Required, lang.Always, lang.Default, lang.OneOf, lang.Repeat, lang.Mistakes} {
			if v == "" {
				t.Errorf("a text is missing: %+v", lang)
			}
		}
	}
}

// TestPageInBrowser looks at the page as its readers see it, with the style of the others.
func TestPageInBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the page about the interface")
	s := onSQLite(t)
	pages, err := web.New(web.Config{Plan: &testPlan, Store: s.store, Index: s.index, Anyone: account.Reader, Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	check(t, err)
	s.start(Config{Anyone: account.Reader, Show: func(w http.ResponseWriter, r *http.Request, p Page) {
		pages.Show(w, r, web.Sheet{Title: p.Title, Body: p.Body})
	}})
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle("/api", s.api)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, scheme := range browsertest.Schemes() {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			tab := browser.Open(t, scheme)
			// It is long: each language in one scheme, and what a telephone and a desk show.
			lang := map[string]string{"light": "sv", "dark": "en"}[scheme]
			tab.Look(t, browsertest.Page{Name: "api " + lang, Address: server.URL + "/api?lang=" + lang, Widths: []int64{320, 1280}})
		})
	}
}
