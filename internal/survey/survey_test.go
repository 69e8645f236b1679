package survey_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/config"
	"utkik/crawler/kind"
	"utkik/internal/survey"
)

const address = "https://www.byn.se/utlysningar"

func look(t *testing.T, body string) survey.Page {
	t.Helper()
	p, err := survey.Look(kind.Document{URL: address, Body: []byte(`<!DOCTYPE html><html lang="sv-SE"><head><title>Utlysningar | Byn</title></head><body>` + body + `</body></html>`)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rules writes fields as lines.
func rules(l survey.List) (out []string) {
	for _, f := range l.Fields {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", f.Name, f.Select, strings.Join(f.Label, ","), f.Attribute)))
	}
	return out
}

func TestLook(t *testing.T) {
	t.Parallel()
	menu := `<nav><ul><li><a href="/a">Om oss och vad vi gör</a></li><li><a href="/b">Kontakta oss gärna här</a></li><li><a href="/c">Press och nyheter i bild</a></li></ul></nav>`
	many := func(n int, block string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(block, "#", fmt.Sprint(i+1)))
		}
		return b.String()
	}
	for name, tc := range map[string]struct {
		body   string
		sel    string
		count  int
		fields []string
		next   survey.Next
	}{
		"cards with a label": {menu + `<main><div>` + many(4, `<div class="card odd"><h3><a href="/u/#">En utlysning med nummer #</a></h3><p>Om något.</p><p>Ansök senast: # oktober 2026</p></div>`) + `</div></main>`,
			"div.card", 4, []string{"title h3", "url h3 a[href]  href", "deadlines  Ansök senast", "text p"}, survey.Next{}},
		"links that are cards, beside one that is none": {menu + `<main><a href="/p">Prenumerera på utlysningar</a>` + many(3, `<a class="kort" href="/u/#"><h2>En utlysning med nummer #</h2><span class="dag">Stänger # oktober 2026</span></a>`) + `</main>`,
			"a.kort", 3, []string{"title h2", "url   href", "deadlines span.dag"}, survey.Next{}},
		"rows of a table": {`<table id="calls"><tbody>` + many(5, `<tr><td><a href="/u/#">En utlysning med nummer #</a></td><td class="last">2026-10-1#</td></tr>`) + `</tbody></table>`,
			"tbody > tr", 5, []string{"title a[href]", "url a[href]  href", "deadlines td.last"}, survey.Next{}},
		"a time of publication beside a deadline": {`<ul class="lista">` + many(4, `<li><a href="/u/#">En utlysning med nummer #</a><time datetime="2026-05-0#">i maj</time><dl><dt>Deadline</dt><dd># oktober 2026</dd></dl></li>`) + `</ul>`,
			"ul.lista > li", 4, []string{"title a[href]", "url a[href]  href", "deadlines  Deadline", "published time[datetime]  datetime"}, survey.Next{}},
		"pages by number": {`<div id="svar">` + many(3, `<article><h2><a href="/u/#">En utlysning med nummer #</a></h2></article>`) + `</div><a href="?sida=2">2</a> <a href="?sida=3">3</a>`,
			"div#svar > article", 3, []string{"title h2", "url h2 a[href]  href"}, survey.Next{Parameter: "sida", First: 1}},
		"pages counted from nothing": {`<div id="svar">` + many(3, `<article><h2><a href="/u/#">En utlysning med nummer #</a></h2></article>`) + `</div><a href="?page=1">2</a>`,
			"div#svar > article", 3, []string{"title h2", "url h2 a[href]  href"}, survey.Next{Parameter: "page"}},
	} {
		p := look(t, tc.body)
		if len(p.Lists) == 0 {
			t.Errorf("%s: no list", name)
			continue
		}
		l := p.Lists[0]
		if l.Select != tc.sel || l.Count != tc.count || p.Next != tc.next || p.Language != "sv" {
			t.Errorf("%s: %q of %d, next %+v, language %s; want %q of %d, next %+v", name, l.Select, l.Count, p.Next, p.Language, tc.sel, tc.count, tc.next)
		}
		if d := cmp.Diff(tc.fields, rules(l)); d != "" {
			t.Errorf("%s: fields (-want +got):\n%s", name, d)
		}
		// What is drafted is a file of a source as it stands, whatever the page says.
		if _, err := config.DecodeSource("sources/byn.yaml", p.AsList("byn", l)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, p.AsList("byn", l))
		}
	}
}

func TestLookFindsNoList(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a menu":        `<nav><ul><li><a href="/a">Om oss och vad vi gör</a></li><li><a href="/b">Kontakta oss gärna här</a></li><li><a href="/c">Press och nyheter i bild</a></li></ul></nav>`,
		"two of a kind": `<main><article><a href="/a">En utlysning med nummer 1</a></article><article><a href="/b">En utlysning med nummer 2</a></article></main>`,
		"no links":      `<main><p>Ett stycke text om något.</p><p>Ett stycke text om något.</p><p>Ett stycke text om något.</p></main>`,
	} {
		if p := look(t, body); len(p.Lists) != 0 {
			t.Errorf("%s: %+v", name, p.Lists)
		}
	}
	if _, err := survey.Look(kind.Document{URL: address, Body: []byte(`<html><body></body></html>`)}); err == nil {
		t.Error("a page without anything is one")
	}
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	p, err := survey.Look(kind.Document{URL: address, Body: []byte(`<html><head><link rel="alternate" type="application/rss+xml" title="Nyheter" href="/rss.xml">
<link rel="alternate" hreflang="en" href="/en"></head><body><a href="/utlysningar/feed/">Följ</a><a href="/rss.xml#x">RSS</a><a href="/feeding">Om mat</a></body></html>`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []survey.Feed{{Title: "Nyheter", Address: "https://www.byn.se/rss.xml"}, {Title: "Följ", Address: "https://www.byn.se/utlysningar/feed/"}}
	if d := cmp.Diff(want, p.Feeds); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := config.DecodeSource("sources/byn.yaml", p.AsFeed("byn", p.Feeds[0])); err != nil {
		t.Error(err)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://www.vinnova.se/en/":             "vinnova",
		"https://hadea.ec.europa.eu/calls_en":    "europa-ec-hadea",
		"https://interreg-baltic.eu/":            "interreg-baltic",
		"http://127.0.0.1:8080/":                 "new-source",
		"https://xn--frsvarsmakten-4pb.se/inget": "xn-frsvarsmakten-4pb",
		"::":                                     "new-source",
	} {
		if got := survey.ID(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// FuzzLook: whatever a page holds, looking ends, and what is drafted is a file that is read or refused in words.
func FuzzLook(f *testing.F) {
	f.Add(`<main><a class="k" href="/1">En utlysning nummer 1</a><a class="k" href="/2">En utlysning nummer 2</a><a class="k" href="/3">En utlysning nummer 3</a></main>`)
	f.Add(`<ul><li class="a'b"><a href='x'>'}{: #</a></li><li class="a'b"><a href='x'>'}{: #</a></li><li><a href='x'>'}{: #…………………</a></li></ul>`)
	f.Fuzz(func(t *testing.T, body string) {
		p, err := survey.Look(kind.Document{URL: address, Body: []byte(body)})
		if err != nil {
			return
		}
		for _, l := range p.Lists {
			src, err := config.DecodeSource("sources/byn.yaml", p.AsList("byn", l))
			if err == nil && src.ID != "byn" {
				t.Errorf("the draft is of source %q", src.ID)
			}
		}
	})
}
