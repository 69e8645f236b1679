package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"utkik/config"
	"utkik/crawler"
	"utkik/crawler/crawltest"
	"utkik/internal/app"
)

// village is a site with a list of calls on two pages, as an agency may have it.
func village(t *testing.T) *httptest.Server {
	t.Helper()
	pages := map[string]string{
		"/utlysningar": `<!DOCTYPE html><html lang="sv"><head><title>Utlysningar | Byn</title><link rel="alternate" type="application/atom+xml" href="/tomt.xml"></head><body>
<nav><ul><li><a href="/">Start</a></li><li><a href="/om">Om oss</a></li><li><a href="/kontakt">Kontakt</a></li></ul></nav>
<main><h1>Utlysningar</h1><div class="list">
<article class="call"><h2><a href="/utlysningar/vatten">Renare vatten</a></h2><p>Sista ansökningsdag: 22 september 2026</p><p>Kontakt: Anna Berg, anna.berg@byn.se, 060-12 34 56</p></article>
<article class="call"><h2><a href="/utlysningar/skog">Levande skog</a></h2><p>Sista ansökningsdag: 1 oktober 2026</p></article>
<article class="call"><h2><a href="/utlysningar/vind">Vind i norr</a></h2><p>Stängd</p></article>
<article class="call"><h2><a href="/utlysningar/kust">Kust och hav</a></h2><p>Sista ansökningsdag: 2026-10-15</p></article>
</div><a rel="next" href="/utlysningar?sida=2">Nästa</a></main><footer><a href="/kakor">Kakor</a></footer></body></html>`,
		"/utlysningar?sida=2": `<!DOCTYPE html><html lang="sv"><head><title>Utlysningar | Byn</title></head><body><main><h1>Utlysningar</h1><div class="list">
<article class="call"><h2><a href="/utlysningar/berg">Berg och dal</a></h2><p>Sista ansökningsdag: 3 november 2026</p></article>
</div></main></body></html>`,
		"/nyheter": `<!DOCTYPE html><html lang="sv"><head><title>Nyheter | Byn</title><link rel="alternate" type="application/rss+xml" href="/nyheter.xml"></head><body><main><h1>Nyheter</h1></main></body></html>`,
		"/nyheter.xml": `<?xml version="1.0"?><rss version="2.0"><channel><title>Byns nyheter</title><link>/nyheter</link><description></description>
<item><title>Skogen växer</title><link>/nyheter/skog</link><guid>n1</guid><description>Fråga anna.berg@byn.se.</description></item>
<item><title>Vattnet stiger</title><link>/nyheter/vatten</link><guid>n2</guid></item>
<item><title>Vinden vänder</title><link>/nyheter/vind</link><guid>n3</guid></item></channel></rss>`,
		"/tomt.xml": `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Byn</title></feed>`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.RequestURI()]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if strings.HasSuffix(r.URL.Path, ".xml") {
			w.Header().Set("Content-Type", "application/atom+xml")
		} else {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		w.Header().Set("Set-Cookie", "session=hemlig")
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

const villageYAML = `id: byn
kind: htmllist
name: Byns utlysningar
home: BASE/utlysningar
zone: Europe/Stockholm
language: sv
address: {list: BASE/utlysningar}
every: 24h
delay: 0s
expect: {min_items: 3, fields: [{field: deadlines, least: 0.9}]}
rules:
  items: {select: article.call}
  pages: {link: {select: 'a[rel=next]', attribute: href}}
  fields:
    - {name: title, select: h2}
    - {name: url, select: h2 a, attribute: href}
    - {name: deadlines, label: [Sista ansökningsdag]}
    - {name: text, select: 'p:nth-of-type(2)'}
`

// watchingVillage is a configuration with the village among its sources.
func watchingVillage(t *testing.T, site *httptest.Server, yaml string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sources"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sources", "byn.yaml"), []byte(strings.ReplaceAll(yaml, "BASE", site.URL)), 0o644); err != nil {
		t.Fatal(err)
	}
	return configure(t, fmt.Sprintf("files: {dir: %q}\ncrawler: {allow_private: true, delay: 0s, retries: 0}\n", dir))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	site := village(t)
	a := installation(t, watchingVillage(t, site, villageYAML), time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC))
	defer closeApp(t, a)
	found, err := a.Check(t.Context(), "byn", app.CheckOptions{Record: true})
	if err != nil {
		t.Fatal(err)
	}
	var missed []string
	for _, n := range found.Report.Notes {
		missed = append(missed, n.Text)
	}
	if d := cmp.Diff([]string{"4 of 5 items have deadlines, fewer than the 90 % of a healthy run"}, missed); d != "" {
		t.Errorf("missed (-want +got):\n%s", d)
	}
	fields := map[string]app.CheckedField{}
	for _, f := range found.Fields {
		fields[f.Field] = f
	}
	if f := fields["deadlines"]; f.Have != 4 || !strings.Contains(f.Example, "2026-09-22") || len(f.By) != 1 || !strings.Contains(f.By[0], "Sista ansökningsdag") {
		t.Errorf("deadlines: %+v", f)
	}
	if f := fields["title"]; f.Have != 5 || f.Example != "Renare vatten" {
		t.Errorf("title: %+v", f)
	}

	// The recording is a fixture of the kind: what is in it is found, and nobody's address or number is.
	for _, word := range []string{"anna.berg", "Anna Berg", "12 34 56", "hemlig"} {
		if strings.Contains(string(found.Archive), word) {
			t.Errorf("the recording holds %q", word)
		}
	}
	passes(t, found.Archive, strings.ReplaceAll(villageYAML, "BASE", site.URL))

	if _, err := a.Check(t.Context(), "byn", app.CheckOptions{Record: true, Most: 1}); err == nil || !strings.Contains(err.Error(), "record with a higher --most") {
		t.Errorf("a recording that lacks a page: %v", err)
	}
	found, err = a.Check(t.Context(), "byn", app.CheckOptions{URL: site.URL + "/utlysningar?sida=2"})
	if err != nil || len(found.Report.Items) != 1 || len(found.Documents) != 1 {
		t.Errorf("at another address: %v, %d items of %d documents", err, len(found.Report.Items), len(found.Documents))
	}
	if runs, err := a.Store.Runs(t.Context(), "", 0); err != nil || len(runs) != 0 {
		t.Errorf("a look is a run: %v, %v", runs, err)
	}
}

// passes plays a fixture to the kind of a source, as the exam does.
func passes(t *testing.T, archive []byte, yaml string) {
	t.Helper()
	src, err := config.DecodeSource("sources/byn.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(archive)
	replay, err := crawltest.NewReplay(ar)
	if err != nil {
		t.Fatal(err)
	}
	e, err := crawler.New(crawler.Config{UserAgent: "utkik/test (+mailto:eu@region.example)", AllowPrivate: true, Transport: replay, Retries: -1, Now: crawler.ExamTime})
	if err != nil {
		t.Fatal(err)
	}
	src.Expect.MinItems, src.Expect.Fields = 0, nil
	rep, err := e.Run(t.Context(), src, crawler.Kinds()[src.Kind], &crawler.Sample{})
	if err != nil {
		t.Fatal(err)
	}
	calls, err := rep.Calls()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range ar.Files {
		want[f.Name] = string(f.Data)
	}
	if d := cmp.Diff(want[crawler.CallsFile], string(calls)); d != "" {
		t.Errorf("calls of the fixture (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want[crawler.ReportFile], string(rep.Summary())); d != "" {
		t.Errorf("report of the fixture (-want +got):\n%s", d)
	}
	if missing, unused := replay.Missing(), replay.Unused(); len(missing)+len(unused) > 0 || len(rep.Items) == 0 {
		t.Errorf("missing %q, unused %q, %d items", missing, unused, len(rep.Items))
	}
}

// TestDraft drafts a source of a site that nobody has described, and holds the draft's fixture to its kind's exam.
func TestDraft(t *testing.T) {
	t.Parallel()
	site := village(t)
	a := installation(t, configure(t, "crawler: {allow_private: true, delay: 0s, retries: 0}\n"), time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC))
	defer closeApp(t, a)
	d, err := a.Draft(t.Context(), site.URL+"/utlysningar", "byn")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kind: htmllist\n", "items: {select: 'article.call'}", "{name: title, select: 'h2'}", "{name: url, select: 'h2 a[href]', attribute: href}",
		"{name: deadlines, label: ['Sista ansökningsdag']}", "pages: {link: {select: 'a[rel~=next]', attribute: href}}", "language: sv\n", "enabled: false"} {
		if !strings.Contains(string(d.YAML), want) {
			t.Errorf("the draft lacks %q:\n%s", want, d.YAML)
		}
	}
	if d.Items != 4 || len(d.Notes) == 0 {
		t.Errorf("%d items, want 4; not taken: %q, want the feed that is empty", d.Items, d.Notes)
	}
	var own string
	for _, f := range txtar.Parse(d.Fixture).Files {
		if f.Name == "sources/byn.yaml" {
			own = string(f.Data)
		}
	}
	passes(t, d.Fixture, own)
	if left := crawler.Confidential(d.Fixture); len(left) > 0 {
		t.Errorf("the fixture holds %q", left)
	}
	for _, path := range []string{"/nyheter", "/nyheter.xml"} { // a page that links a feed, and the feed itself
		d, err := a.Draft(t.Context(), site.URL+path, "byn")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if d.Kind != "feed" || d.Items != 3 || !strings.Contains(string(d.YAML), "list: '"+site.URL+"/nyheter.xml'") {
			t.Errorf("%s: kind %s, %d items, of\n%s", path, d.Kind, d.Items, d.YAML)
		}
		for _, f := range txtar.Parse(d.Fixture).Files {
			if f.Name == "sources/byn.yaml" {
				passes(t, d.Fixture, string(f.Data))
			}
		}
		if left := crawler.Confidential(d.Fixture); len(left) > 0 {
			t.Errorf("%s: the fixture holds %q", path, left)
		}
	}
	if _, err := a.Draft(t.Context(), site.URL+"/none", "byn"); err == nil || !strings.Contains(err.Error(), "status 404") {
		t.Errorf("a page that is not there: %v", err)
	}
	if _, err := a.Draft(t.Context(), site.URL+"/utlysningar", "ft-portal"); err == nil || !strings.Contains(err.Error(), "--id") {
		t.Errorf("an id that is taken: %v", err)
	}
}
