// Package jsonlist reads lists of calls in JSON by the rules of a source's file: where the list of items stands, how it
// goes on, and where the values of an item are. Values that are HTML can be read further by selector, label and phrase,
// and so can a whole list that stands as HTML in a text of the JSON.
//
//	list     the pages of each address whose name begins with "list"
//	detail   one an item that is not closed, if the rules ask for it: JSON too, but HTML where the items are HTML
//
// Answers of another type are refused by the engine; JSON without the list is an error that names the path.
package jsonlist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/text"
)

// Kind reads lists in JSON. It implements [kind.Kind].
type Kind struct{}

// documents are the media types of JSON. Some servers call it text/json; text/html is a page in its place, always.
func documents() []string {
	return []string{"application/json", "text/json", "application/ld+json", "application/geo+json", "application/vnd.api+json"}
}

// Start asks for the first page of each list.
func (Kind) Start(src kind.Source) []kind.Request { return listing.Start(src, documents()) }

// Parse reads a page of the list or the document of an item.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	rules, r, err := listing.Open(src, doc)
	if err != nil {
		return kind.Page{}, err
	}
	if rules.Items.Path == nil {
		return kind.Page{}, errors.New("rules.items.path is missing: the path of the list of items")
	}
	switch doc.Request.Name {
	case listing.NameList:
		return list(src, rules, r, doc)
	case listing.NameDetail:
		return detail(rules, r, doc)
	}
	return kind.Page{}, fmt.Errorf("request %q is none of list, detail", doc.Request.Name)
}

// read reads a body that is one JSON value. Some servers put a byte order mark before it.
func read(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	dec.UseNumber() // 18805.0 is a whole number, and ids of 17 digits stay what they are
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("no JSON: %v; it begins with %q", err, beginning(body))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("no JSON: something follows after the value")
	}
	return v, nil
}

func beginning(body []byte) string {
	return text.Snippet(text.Clean(string(body[:min(len(body), 200)])), 60)
}

func list(src kind.Source, rules *listing.Rules, r *listing.Reader, doc kind.Document) (kind.Page, error) {
	at, err := listing.ParsePlace(doc.Request.State)
	if err != nil {
		return kind.Page{}, err
	}
	v, err := read(doc.Body)
	if err != nil {
		return kind.Page{}, err
	}
	seen := listing.Seen{Total: -1}
	if rules.Total != nil {
		if seen.Total, err = rules.Said(rules.Total.JSON(v)); err != nil {
			return kind.Page{}, err
		}
	}
	if rules.Pages.Link != nil {
		if links := rules.Pages.Link.JSON(v); len(links) > 0 {
			seen.Link = r.Resolve(links[0])
		}
	}
	found := rules.Items.Path.In(v)
	if len(found) == 0 || len(found) == 1 && found[0] == nil {
		return kind.Page{}, fmt.Errorf("nothing stands at %s: the shape has changed, or it is another document; it begins with %q", rules.Items, beginning(doc.Body))
	}
	accept := documents()
	var shown listing.Shown
	if rules.Items.Select != nil {
		accept = []string{"text/html", "application/xhtml+xml"}
		shown, err = inHTML(rules, r, found, at.Page == 1 && seen.Total != 0)
	} else {
		shown, err = inJSON(rules, r, found)
	}
	if err != nil {
		return kind.Page{}, err
	}
	if seen.Items, seen.First = shown.Count, shown.First; seen.Items == 0 && seen.Total > 0 && at.Page == 1 {
		return kind.Page{}, fmt.Errorf("the list says it has %d items, and none is found by %s", seen.Total, rules.Items)
	}
	p := rules.Page(doc.Request, at, seen)
	p.Items, p.Notes = shown.Items, append(shown.Notes, p.Notes...)
	for _, it := range p.Items {
		p.Next = append(p.Next, rules.Ask(src, it.Call, accept)...)
	}
	return p, nil
}

// inJSON reads items that are JSON: the entries of a list, or what a path with * leads to.
func inJSON(rules *listing.Rules, r *listing.Reader, found []any) (listing.Shown, error) {
	if len(found) == 1 {
		entries, ok := found[0].([]any)
		if path := rules.Items.Path; !ok && (len(path) == 0 || path[len(path)-1] != "*") {
			return listing.Shown{}, fmt.Errorf("%s leads to no list", rules.Items)
		}
		if ok {
			found = entries
		}
	}
	return r.Items(rules, len(found), func(i int, f *listing.Field) []string { return f.JSON(found[i]) })
}

// inHTML reads items that are elements in a text of the JSON that is HTML. Whether there must be some the caller says.
func inHTML(rules *listing.Rules, r *listing.Reader, found []any, some bool) (listing.Shown, error) {
	html, ok := found[0].(string)
	if !ok {
		return listing.Shown{}, fmt.Errorf("%s leads to no text that could be HTML", rules.Items)
	}
	page, err := listing.Fragment(html)
	if err != nil {
		return listing.Shown{}, err
	}
	shown, err := r.Elements(rules, cascadia.QueryAll(page.Nodes[0], rules.Items.Select))
	if err == nil && some && shown.Count == 0 && !rules.Empty(page.Text()) {
		err = fmt.Errorf("no element matches %s: the layout has changed", rules.Items)
	}
	return shown, err
}

// detail reads the document of an item as a part.
func detail(rules *listing.Rules, r *listing.Reader, doc kind.Document) (kind.Page, error) {
	if rules.Items.Select != nil {
		page, err := goquery.NewDocumentFromReader(bytes.NewReader(doc.Body))
		if err != nil {
			return kind.Page{}, fmt.Errorf("no HTML: %v", err)
		}
		return r.Detail(rules, doc.Request.State, page.Selection)
	}
	v, err := read(doc.Body)
	if err != nil {
		return kind.Page{}, err
	}
	return r.DetailJSON(rules, doc.Request.State, v)
}
