package listing

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"utkik/crawler/kind"
)

// Said gives the number in the texts that the rule for a total has found.
func (r *Rules) Said(texts []string) (int, error) {
	for _, s := range texts {
		if n, ok := Number(s); ok {
			return n, nil
		}
	}
	return -1, fmt.Errorf("the list does not say how many items it has: looked for %s", r.Total)
}

// Shown is what a page of a list shows.
type Shown struct {
	Items []kind.Item // those that the rules do not drop
	Notes []kind.Note
	Count int    // items, those that are dropped too; what does not fit keep is none
	First string // what tells the first item from others
}

// Items reads the n items of a page; find gives what a field of the ith is. When not one has a title, the items are not
// what they were, and that is an error.
func (r *Reader) Items(rules *Rules, n int, find func(i int, f *Field) []string) (Shown, error) {
	var out Shown
	titles := 0
	for i := range n {
		values := Gather(rules.Fields, func(f *Field) []string { return find(i, f) })
		if !rules.keeps(values) {
			continue
		}
		out.Count++
		for _, v := range values {
			if v.Field == "title" {
				titles++
			}
			if out.Count == 1 && (v.Field == "ref" || v.Field == "url" && out.First == "") {
				out.First = v.Texts[0]
			}
		}
		if rules.drops(values) {
			continue
		}
		it, notes, ok := r.Item(rules, values)
		out.Notes = append(out.Notes, notes...)
		if ok {
			out.Items = append(out.Items, it)
		}
	}
	if out.Count > 0 && titles == 0 && rules.Detail == nil {
		return Shown{}, fmt.Errorf("%d items are found by %s, and none has a title: the layout has changed, looked for %s", out.Count, rules.Items, rules.Wanted("title"))
	}
	return out, nil
}

// Elements reads items that are elements of a page. A heading is the head of its section: what follows it belongs to
// it, up to the next heading of its rank or above, or to one that is an item itself. Pages that are kept by hand list
// calls so.
func (r *Reader) Elements(rules *Rules, nodes []*html.Node) (Shown, error) {
	items := map[*html.Node]bool{}
	for _, n := range nodes {
		items[n] = true
	}
	scopes := make([]*goquery.Selection, len(nodes))
	for i, n := range nodes {
		scopes[i] = goquery.NewDocumentFromNode(n).Selection
		if isHeading(n) {
			section := []*html.Node{n}
			section = append(section, following(n, func(s *html.Node) bool {
				return isHeading(s) && (s.Data <= n.Data || items[s])
			})...)
			scopes[i].Nodes = slices.DeleteFunc(section, func(s *html.Node) bool { return s.Type != html.ElementNode })
		}
	}
	return r.Items(rules, len(nodes), func(i int, f *Field) []string { return f.HTML(scopes[i]) })
}

// Detail reads the page of an item as a part: what the list lacks, and its text.
func (r *Reader) Detail(rules *Rules, ref string, page *goquery.Selection) (kind.Page, error) {
	if rules.Detail == nil {
		return kind.Page{}, errors.New("rules.detail is missing: nothing says how an item's page is read")
	}
	remove(page, rules.Detail.Junk)
	values := Gather(rules.Detail.Fields, func(f *Field) []string { return f.HTML(page) })
	if rules.Detail.Text != nil {
		remove(page, rules.Detail.Aside)
		values = rules.withText(values, Texts(page, rules.Detail.Text))
	}
	return r.filled(rules, ref, values)
}

// DetailPage reads the page of one item from a document in HTML.
func (r *Reader) DetailPage(rules *Rules, doc kind.Document) (kind.Page, error) {
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(doc.Body))
	if err != nil {
		return kind.Page{}, fmt.Errorf("no HTML: %v", err)
	}
	return r.Detail(rules, doc.Request.State, page.Selection)
}

func remove(page *goquery.Selection, what []cascadia.Matcher) {
	for _, m := range what {
		for _, root := range page.Nodes {
			for _, n := range cascadia.QueryAll(root, m) {
				if n.Parent != nil {
					n.Parent.RemoveChild(n)
				}
			}
		}
	}
}

// DetailJSON reads the document of an item as a part.
func (r *Reader) DetailJSON(rules *Rules, ref string, v any) (kind.Page, error) {
	if rules.Detail == nil {
		return kind.Page{}, errors.New("rules.detail is missing: nothing says how an item's document is read")
	}
	values := Gather(rules.Detail.Fields, func(f *Field) []string { return f.JSON(v) })
	for _, inner := range rules.Detail.TextPath.In(v) {
		if s, ok := scalar(inner); ok && rules.Detail.TextPath != nil {
			values = rules.withText(values, Plain(s))
		}
	}
	return r.filled(rules, ref, values)
}

func (r *Rules) withText(values []Value, s string) []Value {
	if s == "" {
		return values
	}
	return append(values, Value{Field: "text", Texts: []string{s}, By: fmt.Sprintf("detail.text %q", r.Detail.Detail.Text)})
}

func (r *Reader) filled(rules *Rules, ref string, values []Value) (kind.Page, error) {
	if len(values) == 0 {
		return kind.Page{}, fmt.Errorf("nothing of the item is found: looked for %s", rules.Wanted(""))
	}
	item, notes := r.Part(rules, ref, values)
	return kind.Page{Items: []kind.Item{item}, Notes: notes, Total: -1}, nil
}
