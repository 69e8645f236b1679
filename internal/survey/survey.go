// Package survey looks at a page that nobody has described yet and drafts how it could be read: its feeds, the blocks that
// repeat on it as the items of a list do, where their titles, addresses and days stand, and how the list goes on. It is
// pure; what it drafts is a beginning that a person mends.
package survey

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"

	"utkik/crawler/kind"
	"utkik/internal/text"
)

// Page is what a page shows.
type Page struct {
	Address  string
	Title    string
	Language string
	Feeds    []Feed
	Lists    []List // the likeliest first
	Next     Next   // how the page goes on; empty if it does not
}

// Feed is a link to a feed.
type Feed struct {
	Title   string
	Address string
}

// List is a group of blocks that repeat.
type List struct {
	Select string // finds the blocks, and no other
	Count  int
	Dated  int // of them, how many state a day
	Fields []kind.Field
	First  string // title of the first, cut
	score  float64
}

// Next is how a list goes on: by a link, or by a parameter that counts.
type Next struct {
	Select    string
	Parameter string
	First     int
}

// What makes a group of blocks a list.
const (
	fewestBlocks = 3
	shownFirst   = 80
)

// Look reads a page. One that is no HTML is an error.
func Look(doc kind.Document) (Page, error) {
	base, err := url.Parse(cmp.Or(doc.URL, doc.Request.URL))
	if err != nil {
		return Page{}, fmt.Errorf("address %q: %v", doc.URL, err)
	}
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(doc.Body))
	if err != nil {
		return Page{}, fmt.Errorf("%s: no HTML: %v", base, err)
	}
	if page.Find("body *").Length() == 0 {
		return Page{}, errors.New(base.String() + ": the page is empty: its content may come by script, from an address that a browser's network view shows")
	}
	out := Page{Address: base.String(), Title: text.Clean(page.Find("title").First().Text())}
	out.Language, _, _ = strings.Cut(strings.ToLower(page.Find("html").AttrOr("lang", "")), "-")
	out.Feeds = feeds(page, base)
	out.Lists = lists(page)
	out.Next = next(page, base)
	return out, nil
}

// feeds gives what the page says are its feeds, and links that look like one.
func feeds(page *goquery.Document, base *url.URL) []Feed {
	var out []Feed
	page.Find(`link[rel~=alternate][href], a[href]`).Each(func(_ int, s *goquery.Selection) {
		href := s.AttrOr("href", "")
		media := s.AttrOr("type", "")
		stated := goquery.NodeName(s) == "link" && (strings.Contains(media, "rss") || strings.Contains(media, "atom") || strings.Contains(media, "feed+json"))
		looks := goquery.NodeName(s) == "a" && feedAddress.MatchString(href)
		if !stated && !looks {
			return
		}
		u, err := base.Parse(href)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return
		}
		u.Fragment = ""
		if !slices.ContainsFunc(out, func(f Feed) bool { return f.Address == u.String() }) {
			out = append(out, Feed{text.Clean(cmp.Or(s.AttrOr("title", ""), s.Text())), u.String()})
		}
	})
	return out
}

// lists gives the groups of sibling elements of one shape that each lead somewhere.
func lists(page *goquery.Document) []List {
	var out []List
	page.Find("body, body *").Each(func(_ int, parent *goquery.Selection) {
		if parent.Closest("nav, header, footer, form, select, svg").Length() > 0 {
			return // menus repeat as well
		}
		groups := map[string][]*goquery.Selection{}
		var order []string
		parent.Children().Each(func(_ int, child *goquery.Selection) {
			if !leads(child) {
				return
			}
			// Classes differ within a list (odd, even, first), and may be all that tells it from what stands beside it.
			name := goquery.NodeName(child)
			shapes := []string{name}
			for _, c := range strings.Fields(child.AttrOr("class", "")) {
				if plainClass.MatchString(c) {
					shapes = append(shapes, name+"."+c)
				}
			}
			for _, shape := range shapes {
				if groups[shape] == nil {
					order = append(order, shape)
				}
				groups[shape] = append(groups[shape], child)
			}
		})
		for _, shape := range order {
			name, _, _ := strings.Cut(shape, ".")
			l, ok := listOf(page, parent, name, groups[shape])
			if ok && !slices.ContainsFunc(out, func(o List) bool { return o.Select == l.Select }) {
				out = append(out, l)
			}
		}
	})
	slices.SortStableFunc(out, func(a, b List) int { return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.Select, b.Select)) })
	return out
}

func leads(s *goquery.Selection) bool {
	return s.Is("a[href]") || s.Find("a[href]").Length() > 0
}

var (
	plainClass    = regexp.MustCompile(`^-?[A-Za-z_][A-Za-z0-9_-]*$`) // one that a selector can name as it is
	feedAddress   = regexp.MustCompile(`(?i)(?:^|[/.?=_-])(?:rss|atom|feed)(?:$|[/.?&=_-])`)
	smallNumber   = regexp.MustCompile(`^\d{1,3}$`)
	pageParameter = regexp.MustCompile(`(?i)^(?:p|page|sida|side|sivu|pagenumber|paged)$`)
)

// shared gives the classes that all blocks have, in the order of the first.
func shared(blocks []*goquery.Selection) []string {
	var out []string
	for _, c := range strings.Fields(blocks[0].AttrOr("class", "")) {
		if plainClass.MatchString(c) && !slices.ContainsFunc(blocks, func(b *goquery.Selection) bool { return !b.HasClass(c) }) {
			out = append(out, c)
		}
	}
	return out
}

func listOf(page *goquery.Document, parent *goquery.Selection, name string, blocks []*goquery.Selection) (List, bool) {
	if len(blocks) < fewestBlocks {
		return List{}, false
	}
	l := List{Select: selector(page, parent, name, blocks), Count: len(blocks)}
	length, headed := 0, 0
	for _, b := range blocks {
		t := words(b)
		length += len(t)
		if len(text.Dates(t, text.Options{})) > 0 || b.Find("time[datetime]").Length() > 0 {
			l.Dated++
		}
		if b.Find("h1, h2, h3, h4, h5, h6").Length() > 0 {
			headed++
		}
	}
	mean := float64(length) / float64(len(blocks))
	if mean < 15 {
		return List{}, false // links of a menu are short
	}
	n := float64(len(blocks))
	// Days tell a call from a menu better than anything; then headings, then how much is said.
	dated, titled := float64(l.Dated)/n, float64(headed)/n
	alike := 0.5 + 0.5*max(dated, titled) // what is not like the rest does not belong to it
	l.score = min(n, 30) * (1 + 4*dated + 1.5*titled) * alike * min(mean, 300) / 300
	l.Fields = fields(blocks)
	first := blocks[0]
	if sel := l.Fields[0].Select; sel != "" {
		first = first.Find(sel).First()
	}
	l.First = cut(words(first), shownFirst) // the title alone: the rest of a block may name people
	return l, true
}

// selector finds the blocks and no other elements of the page: by a class that they share, or else under their parent.
func selector(page *goquery.Document, parent *goquery.Selection, name string, blocks []*goquery.Selection) string {
	classes := shared(blocks)
	for _, c := range classes {
		if s := name + "." + c; page.Find(s).Length() == len(blocks) {
			return s
		}
	}
	own := name
	if len(classes) > 0 {
		own += "." + strings.Join(classes, ".")
	}
	path := ""
	for p := parent; p.Length() > 0 && goquery.NodeName(p) != "html"; p = p.Parent() {
		step := goquery.NodeName(p)
		if id := p.AttrOr("id", ""); plainClass.MatchString(id) {
			step += "#" + id
		} else if c := shared([]*goquery.Selection{p}); len(c) > 0 {
			step += "." + c[0]
		}
		path = step + " > " + path
		if s := path + own; page.Find(s).Length() == len(blocks) {
			return s
		}
	}
	return path + own
}

// fields drafts where the values of a block stand. A rule is taken when it finds something in most blocks.
func fields(blocks []*goquery.Selection) []kind.Field {
	most := func(share float64, has func(*goquery.Selection) bool) bool {
		n := 0
		for _, b := range blocks {
			if has(b) {
				n++
			}
		}
		return float64(n) >= share*float64(len(blocks))
	}
	finds := func(sel string) func(*goquery.Selection) bool {
		return func(b *goquery.Selection) bool { return strings.TrimSpace(b.Find(sel).First().Text()) != "" }
	}
	var out []kind.Field
	add := func(name string, f kind.Find) { out = append(out, kind.Field{Name: name, Find: f}) }
	link := "a[href]"
	if most(0.9, func(b *goquery.Selection) bool { return b.Is("a[href]") }) {
		link = ""
	}
	title := ""
	for _, h := range []string{"h1", "h2", "h3", "h4", "h5", "h6"} {
		if title == "" && most(0.9, finds(h)) {
			title = h
			if link != "" && most(0.9, func(b *goquery.Selection) bool { return b.Find(h+" a[href]").Length() > 0 }) {
				link = h + " a[href]"
			}
		}
	}
	add("title", kind.Find{Select: cmp.Or(title, link)})
	add("url", kind.Find{Select: link, Attribute: "href"})
	for _, f := range []struct {
		name   string
		labels []string
	}{
		{"deadlines", []string{"Sista ansökningsdag", "Sista ansökningsdatum", "Sista dag att ansöka", "Ansök senast", "Sista svarsdag", "Svara senast", "Sista dag", "Stänger", "Stängningsdatum",
			"Deadline", "Deadline date", "Application deadline", "Closing date", "Closes", "Closing", "Submission deadline", "Søknadsfrist", "Hakuaika päättyy"}},
		{"opens", []string{"Öppnar", "Öppningsdatum", "Ansökan öppnar", "Opening date", "Opens", "Open from"}},
		{"published", []string{"Publicerad", "Publicerat", "Publiceringsdatum", "Published", "Publication date", "Date of publication"}},
		{"status", []string{"Status"}},
		{"programme", []string{"Program", "Programme"}},
		{"identifier", []string{"Diarienummer", "Reference", "Reference number", "Identifier"}},
	} {
		if labels := found(blocks, f.labels); len(labels) > 0 {
			add(f.name, kind.Find{Label: labels})
		}
	}
	dated := slices.ContainsFunc(out, func(f kind.Field) bool { return f.Name == "deadlines" })
	switch {
	case most(0.5, func(b *goquery.Selection) bool { return b.Find("time[datetime]").Length() > 0 }):
		// What the day is of, a person has to say: on lists of news it is that of publication.
		name := "deadlines"
		if dated {
			name = "published"
		}
		if !slices.ContainsFunc(out, func(f kind.Field) bool { return f.Name == name }) {
			add(name, kind.Find{Select: "time[datetime]", Attribute: "datetime"})
		}
	case !dated && most(0.5, func(b *goquery.Selection) bool { return len(text.Dates(words(b), text.Options{})) > 0 }):
		if sel := smallestDated(blocks); sel != "" {
			add("deadlines", kind.Find{Select: sel})
		}
	}
	if most(0.5, finds("p")) {
		add("text", kind.Find{Select: "p"})
	}
	return out
}

// found gives which labels stand before a value in a good part of the blocks, as the page writes them.
func found(blocks []*goquery.Selection, labels []string) []string {
	var out []string
	for _, l := range labels {
		n := 0
		label := regexp.MustCompile(`(?i)(?:^|\n)\s*` + regexp.QuoteMeta(l) + `\s*(?::|\n)`)
		for _, b := range blocks {
			if label.MatchString(lines(b)) {
				n++
			}
		}
		if 3*n >= len(blocks) {
			out = append(out, l)
		}
	}
	return out
}

// smallestDated gives the selector of the smallest element that holds a day in most blocks: the class of its element.
func smallestDated(blocks []*goquery.Selection) string {
	count := map[string]int{}
	var order []string
	for _, b := range blocks {
		b.Find("*").EachWithBreak(func(_ int, s *goquery.Selection) bool {
			if s.Children().Length() > 0 || len(text.Dates(text.Clean(s.Text()), text.Options{})) == 0 {
				return true
			}
			sel := goquery.NodeName(s)
			if c := shared([]*goquery.Selection{s}); len(c) > 0 {
				sel += "." + c[0]
			}
			if count[sel] == 0 {
				order = append(order, sel)
			}
			count[sel]++
			return false
		})
	}
	for _, sel := range order {
		if 2*count[sel] >= len(blocks) {
			return sel
		}
	}
	return ""
}

var onward = regexp.MustCompile(`(?i)^(?:nästa(?: sida)?|next(?: page)?|neste|seuraava|äldre|older|»|›|>)\s*[»›>]?$`)

// next tells how the page goes on.
func next(page *goquery.Document, base *url.URL) Next {
	if s := page.Find("a[rel~=next][href]"); s.Length() > 0 {
		return Next{Select: "a[rel~=next]"}
	}
	if s := page.Find("link[rel~=next][href]"); s.Length() > 0 {
		return Next{Select: "link[rel~=next]"}
	}
	var out Next
	page.Find("a[href]").EachWithBreak(func(_ int, s *goquery.Selection) bool {
		u, err := base.Parse(s.AttrOr("href", ""))
		if err != nil || u.Host != base.Host || u.Path != base.Path {
			return true
		}
		for name, values := range u.Query() {
			label := text.Clean(s.Text())
			if len(values) != 1 || !smallNumber.MatchString(values[0]) || !pageParameter.MatchString(name) {
				continue
			}
			if label == "2" || onward.MatchString(label) {
				out = Next{Parameter: name, First: 1}
				if values[0] == "1" { // the second page is number one
					out.First = 0
				}
				return false
			}
		}
		if onward.MatchString(text.Clean(s.Text())) {
			if c := shared([]*goquery.Selection{s}); len(c) > 0 && page.Find("a."+c[0]).Length() == 1 {
				out = Next{Select: "a." + c[0]}
				return false
			}
		}
		return true
	})
	return out
}

// words is an element's text on one line.
func words(s *goquery.Selection) string { return text.Clean(strings.ReplaceAll(lines(s), "\n", " ")) }

// lines is an element's text with a line for each element that begins one.
func lines(s *goquery.Selection) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
			return
		case n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style"):
			return
		}
		inline := n.Type == html.ElementNode && slices.Contains([]string{"a", "b", "strong", "em", "i", "span", "time", "small", "abbr"}, n.Data)
		if !inline {
			b.WriteByte('\n')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if !inline {
			b.WriteByte('\n')
		}
	}
	for _, n := range s.Nodes {
		walk(n)
	}
	return b.String()
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
