package listing

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"utkik/internal/text"
)

// HTML finds texts in a piece of a page: the item, or the page of an item. Texts are in the normal form of
// package text, with their lines.
func (f *Find) HTML(scope *goquery.Selection) []string {
	if f.Always() {
		return []string{f.Value}
	}
	if f.element == nil && len(f.labels) == 0 && len(f.columns) == 0 && f.Attribute == "" {
		return f.match([]string{textOfAll(scope.Nodes)}) // a section is one text
	}
	var out []string
	for _, node := range f.elements(scope) {
		if len(f.columns) > 0 {
			if node = f.cell(node); node == nil {
				continue
			}
		}
		switch {
		case len(f.labels) > 0:
			out = append(out, f.beside(node)...)
		case f.Attribute != "":
			out = append(out, strings.TrimSpace(attribute(node, f.Attribute)))
		default:
			out = append(out, textOf(node))
		}
	}
	return f.match(out)
}

// elements gives what the selector selects in scope, itself included: a card may be the link that is sought.
func (f *Find) elements(scope *goquery.Selection) []*html.Node {
	if f.element == nil {
		return scope.Nodes
	}
	var out []*html.Node
	for _, n := range scope.Nodes {
		if f.element.Match(n) {
			out = append(out, n)
		}
		out = append(out, cascadia.QueryAll(n, f.element)...)
	}
	return out
}

// Text finds texts in the text of a value that the kind has found itself: by path or column. Where the
// rule selects or names a label, the value is read as HTML.
func (f *Find) Text(value string) []string {
	if f.Always() {
		return []string{f.Value}
	}
	if f.element == nil && len(f.labels) == 0 {
		if f.Attribute != "" {
			return nil
		}
		return f.match([]string{Plain(value)})
	}
	scope, err := Fragment(value)
	if err != nil {
		return nil
	}
	return f.HTML(scope)
}

// JSON finds texts in a value that encoding/json has read into any.
func (f *Find) JSON(v any) []string {
	if f.Always() {
		return []string{f.Value}
	}
	var out []string
	for _, v := range f.path.In(v) {
		if s, ok := scalar(v); ok {
			out = append(out, f.Text(s)...)
		}
		if list, ok := v.([]any); ok {
			for _, v := range list {
				if s, ok := scalar(v); ok {
					out = append(out, f.Text(s)...)
				}
			}
		}
	}
	return out
}

// cell gives the cell of the row n that stands under the header that the rule names; nil if there is none.
func (f *Find) cell(n *html.Node) *html.Node {
	if n.DataAtom != atom.Tr {
		return nil
	}
	table := n.Parent
	for table != nil && table.DataAtom != atom.Table {
		table = table.Parent
	}
	if table == nil {
		return nil
	}
	head := cascadia.Query(table, headRow())
	if head == nil || head == n {
		return nil
	}
	var header []string
	for _, c := range cellsOf(head) {
		header = append(header, textOf(c))
	}
	cells := cellsOf(n)
	if i := f.In(header); i >= 0 && i < len(cells) {
		return cells[i]
	}
	return nil
}

var headRow = sync.OnceValue(func() cascadia.Matcher { return cascadia.MustCompile("tr") })

// cellsOf gives the cells of a row; one that spans columns stands for each of them.
func cellsOf(row *html.Node) (out []*html.Node) {
	for c := row.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		n, _ := strconv.Atoi(attribute(c, "colspan")) // absent: one
		for range min(max(n, 1), 100) {
			out = append(out, c)
		}
	}
	return out
}

// In gives which of the header's cells the rule's column words name: one that is such a word, or else one that
// begins with it, or else one that holds it; the first word that is found counts. It is -1 if there is none.
func (f *Find) In(header []string) int {
	folded := make([]string, len(header))
	for i, h := range header {
		folded[i] = fold(h)
	}
	fits := []func(cell, word string) bool{
		func(cell, word string) bool { return cell == word },
		strings.HasPrefix,
		strings.Contains,
	}
	for _, fit := range fits {
		for _, word := range f.columns {
			for i, cell := range folded {
				if fit(cell, word) {
					return i
				}
			}
		}
	}
	return -1
}

// Always tells whether the rule gives its constant whatever the item holds.
func (f *Find) Always() bool {
	return f.Value != "" && f.Path == "" && f.Select == "" && len(f.Label) == 0 && len(f.Column) == 0 && f.Attribute == "" && f.Pattern == ""
}

// match applies the pattern, and leaves out what is empty. Where something is left and the rule has a constant, it is that.
func (f *Find) match(texts []string) (out []string) {
	if f.Value != "" {
		defer func() {
			if len(out) > 0 {
				out = []string{f.Value}
			}
		}()
	}
	for _, s := range texts {
		if f.pattern == nil {
			if s != "" {
				out = append(out, s)
			}
			continue
		}
		for _, m := range f.pattern.FindAllStringSubmatch(text.Clean(s), -1) {
			if found := strings.TrimSpace(m[len(m)-1]); found != "" {
				out = append(out, found)
			}
		}
	}
	return out
}

// String says the rule in words, for whoever mends it.
func (f *Find) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, fmt.Sprintf("%s %q", name, value))
		}
	}
	add("path", f.Path)
	add("select", f.Select)
	add("label", strings.Join(f.Label, " / "))
	add("column", strings.Join(f.Column, " / "))
	add("attribute", f.Attribute)
	add("pattern", f.Pattern)
	add("value", f.Value)
	return strings.Join(parts, ", ")
}

// Plain gives a text that may be HTML in normal form.
func Plain(s string) string {
	if strings.Contains(s, "</") || strings.Contains(s, "/>") || strings.Contains(s, "<br") || strings.Contains(s, "<p") || strings.Contains(s, "&") {
		return text.FromHTML(s)
	}
	return text.FromPlain(s)
}

// Fragment reads a piece of HTML as a page.
func Fragment(s string) (*goquery.Selection, error) {
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(s))
	if err != nil {
		return nil, err
	}
	return doc.Selection, nil
}

// textOf gives the text of an element in normal form. Scripts, comments and what is hidden by the sanitiser go.
func textOf(n *html.Node) string {
	var b strings.Builder
	if err := html.Render(&b, n); err != nil { // nodes that a page cannot hold, such as a nested plaintext
		return ""
	}
	return text.FromHTML(b.String())
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if strings.EqualFold(a.Key, name) {
			return a.Val
		}
	}
	return ""
}

// Texts gives the text of what m selects in scope, in order. What stands in another piece of it comes once.
func Texts(scope *goquery.Selection, m cascadia.Matcher) string {
	taken := map[*html.Node]bool{}
	var parts []string
	for _, root := range scope.Nodes {
		for _, n := range cascadia.QueryAll(root, m) {
			if insideAny(n, taken) {
				continue
			}
			taken[n] = true
			if s := textOf(n); s != "" {
				parts = append(parts, s)
			}
		}
	}
	return strings.Join(parts, "\n\n")
}

func insideAny(n *html.Node, nodes map[*html.Node]bool) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if nodes[p] {
			return true
		}
	}
	return false
}

// String says the rule in words.
func (i Items) String() string {
	var parts []string
	for _, part := range []struct{ name, value string }{{"path", i.rule.Path}, {"select", i.rule.Select}, {"sheet", i.rule.Sheet}} {
		if part.value != "" {
			parts = append(parts, fmt.Sprintf("items.%s %q", part.name, part.value))
		}
	}
	return strings.Join(parts, ", ")
}

// Wanted says in words the rules that find a field of an item; without a name, those of its page.
func (r *Rules) Wanted(name string) string {
	var parts []string
	fields := r.Fields
	if name == "" {
		fields = r.Detail.Fields
		if r.Detail.Detail.Text != "" {
			parts = append(parts, fmt.Sprintf("text by %q", r.Detail.Detail.Text))
		}
	}
	for _, f := range fields {
		if name == "" || f.Name == name {
			parts = append(parts, f.Name+" by "+f.String())
		}
	}
	return strings.Join(parts, "; ")
}
