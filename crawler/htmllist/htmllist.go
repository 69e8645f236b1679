// Package htmllist reads lists of calls on web pages by the rules of a source's file: which elements are items, how the
// list goes on, where the values of an item stand, and the page of each item. A new site needs no Go.
//
//	list     the pages of each address whose name begins with "list"; one element an item
//	detail   one an item that is not closed, if the rules ask for it: values that the list lacks, and the text
//
// A page on which nothing is recognised is an error that names what was looked for, and never an empty list: sites
// change their pages without saying so. A list is empty where its site says that in words.
package htmllist

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/text"
)

// Kind reads lists on web pages. It implements [kind.Kind].
type Kind struct{}

// pages are the media types of web pages.
func pages() []string { return []string{"text/html", "application/xhtml+xml"} }

// Start asks for the first page of each list.
func (Kind) Start(src kind.Source) []kind.Request { return listing.Start(src, pages()) }

// Parse reads a page of the list or of an item.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	rules, r, err := listing.Open(src, doc)
	if err != nil {
		return kind.Page{}, err
	}
	if rules.Items.Select == nil {
		return kind.Page{}, errors.New("rules.items.select is missing: the CSS selector of an item")
	}
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(doc.Body))
	if err != nil {
		return kind.Page{}, fmt.Errorf("no HTML: %v", err)
	}
	if base, ok := page.Find("head base[href]").Attr("href"); ok {
		r.Rebase(base)
	}
	switch doc.Request.Name {
	case listing.NameList:
		return list(src, rules, r, doc.Request, page)
	case listing.NameDetail:
		return r.Detail(rules, doc.Request.State, page.Selection)
	}
	return kind.Page{}, fmt.Errorf("request %q is none of list, detail", doc.Request.Name)
}

func list(src kind.Source, rules *listing.Rules, r *listing.Reader, req kind.Request, page *goquery.Document) (kind.Page, error) {
	at, err := listing.ParsePlace(req.State)
	if err != nil {
		return kind.Page{}, err
	}
	nodes := cascadia.QueryAll(page.Nodes[0], rules.Items.Select)
	shown, err := r.Elements(rules, nodes)
	if err != nil {
		return kind.Page{}, err
	}
	seen := listing.Seen{Items: shown.Count, First: shown.First, Total: -1}
	if rules.Total != nil {
		if seen.Total, err = rules.Said(rules.Total.HTML(page.Selection)); err != nil && seen.Items > 0 {
			return kind.Page{}, err
		}
	}
	if rules.Pages.Link != nil {
		if links := rules.Pages.Link.HTML(page.Selection); len(links) > 0 {
			seen.Link = r.Resolve(links[0])
		}
	}
	if seen.Items == 0 && at.Page == 1 && seen.Total != 0 && !rules.Empty(bodyText(page)) {
		return kind.Page{}, unknown(src, rules, page, len(nodes))
	}
	p := rules.Page(req, at, seen)
	p.Items, p.Notes = shown.Items, append(shown.Notes, p.Notes...)
	for _, it := range p.Items {
		p.Next = append(p.Next, rules.Ask(src, it.Call, pages())...)
	}
	return p, nil
}

// unknown is the error for a page without items.
func unknown(src kind.Source, rules *listing.Rules, page *goquery.Document, elements int) error {
	what := fmt.Sprintf("no element matches %s", rules.Items)
	if elements > 0 {
		what = fmt.Sprintf("%d elements match %s, and none fits rules.keep", elements, rules.Items)
	}
	if len(src.Rules.None) > 0 {
		what += fmt.Sprintf(", nor does the page say that there is none by %q", src.Rules.None)
	}
	title := text.Snippet(text.Clean(page.Find("title").First().Text()), 80)
	return fmt.Errorf("%s: the layout has changed, or it is another page; its title is %q", what, title)
}

func bodyText(page *goquery.Document) string {
	page.Find("script, style, template, noscript").Remove()
	return page.Find("body").Text()
}
