// Package feed reads RSS, Atom and JSON feeds. Of most feeds the file of a source need say nothing but the address:
// title, address, guid, categories, date and summary stand where every feed has them. Rules name an element by path
// (title, link, guid, description, content, category, published, updated, or one of the feed's own such as dc:date), or
// search the whole item by selector, label and pattern; they come before what every feed has.
//
//	list     each address whose name begins with "list"
//	detail   the item's own page, if the rules ask for it
//
// A feed shows its newest items: absence from it means nothing, and no feed is a listing.
package feed

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
	"utkik/internal/text"
)

// Kind reads feeds. It implements [kind.Kind].
type Kind struct{}

// documents are the media types of feeds as they are served; text/html is a page in a feed's place.
func documents() []string {
	return []string{"application/rss+xml", "application/atom+xml", "application/xml", "text/xml", "application/rdf+xml",
		"application/feed+json", "application/json", "text/plain", "application/octet-stream"}
}

// Start asks for each feed.
func (Kind) Start(src kind.Source) []kind.Request { return listing.Start(src, documents()) }

// everywhere is where every feed has its values. Rules of a source come before it.
func everywhere() []kind.Field {
	at := func(name, path string) kind.Field { return kind.Field{Name: name, Find: kind.Find{Path: path}} }
	return []kind.Field{at("title", "title"), at("url", "link"), at("published", "updated"), at("published", "published"), at("published", "dc:date"),
		at("topics", "category"), at("text", "content"), at("text", "description")}
}

// Parse reads a feed or the page of an item.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	rules, r, err := listing.Open(src, doc, everywhere()...)
	if err != nil {
		return kind.Page{}, err
	}
	switch doc.Request.Name {
	case listing.NameList:
		return list(src, rules, r, doc)
	case listing.NameDetail:
		return r.DetailPage(rules, doc)
	}
	return kind.Page{}, fmt.Errorf("request %q is none of list, detail", doc.Request.Name)
}

func list(src kind.Source, rules *listing.Rules, r *listing.Reader, doc kind.Document) (kind.Page, error) {
	f, err := read(doc.Body)
	if err != nil {
		return kind.Page{}, err
	}
	if len(f.Items) == 0 && !rules.Empty(f.Title+" "+f.Description) {
		return kind.Page{}, errors.New("a feed without items: it shows its newest ones, however old they are, or it has moved")
	}
	// Addresses are relative to the document, and in Atom to what it says itself. A feed's link is its site's page, and is
	// the base of nothing: sites move and leave an old one there.
	p := kind.Page{Total: -1}
	var titles []string
	for _, it := range f.Items {
		shown, err := r.Items(rules, 1, func(_ int, field *listing.Field) []string { return find(it, field) })
		if err != nil {
			p.Notes = append(p.Notes, kind.Note{Gap: true, Text: fmt.Sprintf("an item of the feed has no title: %s", text.Snippet(text.Clean(it.Link+" "+it.Description), 80))})
			continue
		}
		p.Notes = append(p.Notes, shown.Notes...)
		for _, item := range shown.Items {
			c := &item.Call
			c.Title = text.Clean(listing.Plain(c.Title)) // entities are escaped twice in some
			c.Ref = cmp.Or(stated(rules, it), ref(src, it, c), c.Ref)
			// Sites that moved show an item under its old address and its new one for a while.
			twin := text.Fold(c.Title) + " " + item.Published.Date()
			if slices.Contains(titles, twin) || slices.ContainsFunc(p.Items, func(o kind.Item) bool { return o.Call.Ref == c.Ref }) {
				continue
			}
			if !item.Published.IsZero() {
				titles = append(titles, twin)
			}
			p.Items = append(p.Items, item)
			p.Next = append(p.Next, rules.Ask(src, *c, []string{"text/html", "application/xhtml+xml"})...)
		}
	}
	return p, nil
}

func read(body []byte) (*gofeed.Feed, error) {
	switch start := strings.ToLower(string(bytes.TrimSpace(body[:min(len(body), 512)]))); {
	case start == "":
		return nil, errors.New("it is empty")
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return nil, errors.New("a page in HTML in the place of a feed: the address may have moved")
	}
	f, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("no feed: %v; it begins with %q", err, text.Snippet(text.Clean(string(body[:min(len(body), 200)])), 60))
	}
	return f, nil
}

// find gives what a rule finds in an item.
func find(it *gofeed.Item, f *listing.Field) []string {
	if f.Always() {
		return f.Text("")
	}
	if f.Path == "" { // the whole item
		return f.Text(it.Title + "\n" + cmp.Or(it.Content, it.Description))
	}
	var out []string
	for _, s := range element(it, f.Path) {
		out = append(out, f.Text(s)...)
	}
	return out
}

// element gives the values of an element by its name in the feed.
func element(it *gofeed.Item, path string) []string {
	one := func(s string) []string {
		if strings.TrimSpace(s) == "" {
			return nil
		}
		return []string{s}
	}
	switch path {
	case "title":
		return one(it.Title)
	case "link":
		if it.Link == "" && web(it.GUID) {
			return one(it.GUID)
		}
		return one(it.Link)
	case "guid", "id":
		return one(it.GUID)
	case "description", "summary":
		return one(it.Description)
	case "content":
		return one(it.Content)
	case "category":
		return it.Categories
	case "published", "pubDate":
		return one(moment(it.Published, it.PublishedParsed))
	case "updated":
		return one(moment(it.Updated, it.UpdatedParsed))
	}
	prefix, name, _ := strings.Cut(path, ":")
	var out []string
	for _, e := range it.Extensions[prefix][name] {
		out = append(out, values(e)...)
	}
	if len(out) == 0 {
		out = one(it.Custom[path])
	}
	return out
}

func values(e ext.Extension) []string {
	if s := strings.TrimSpace(e.Value); s != "" {
		return []string{s}
	}
	return nil
}

// moment prefers what the library has read: feeds write dates in a dozen forms.
func moment(said string, read *time.Time) string {
	if read == nil || read.Year() < 1990 {
		return said
	}
	return read.Format(time.RFC3339)
}

func web(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// stated gives the ref that a rule finds; empty where no rule asks for one.
func stated(rules *listing.Rules, it *gofeed.Item) string {
	for _, f := range rules.Fields {
		if f.Name == "ref" {
			if found := find(it, f); len(found) > 0 {
				return strings.Join(strings.Fields(found[0]), "-")
			}
		}
	}
	return ""
}

// ref gives what identifies an item: its guid, which outlives a mended title and a moved page; one that is an address
// counts as an address does. .aspx is the end of addresses of a system that sites have left, and say no more than without.
func ref(src kind.Source, it *gofeed.Item, c *call.Call) string {
	guid := strings.TrimSpace(it.GUID)
	switch {
	case guid == "" || guid == it.Link:
		guid = c.URL
	case !web(guid):
		return strings.Join(strings.Fields(guid), "-")
	}
	u, err := url.Parse(guid)
	if err != nil {
		return ""
	}
	u.Path = strings.TrimSuffix(u.Path, ".aspx")
	return listing.Ref(src.Home, u.String())
}
