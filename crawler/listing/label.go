package listing

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"utkik/internal/text"
)

// beside gives the texts that stand beside the rule's labels in scope, in order: the dd of a dt, the cell after a
// cell, what follows a heading, an element or words in bold, and else the rest of a line "Label: value".
func (f *Find) beside(scope *html.Node) []string {
	var out []string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n != scope && f.isLabel(n) {
			if value := valueOf(n); value != "" {
				out = append(out, value)
			}
			return // <dt><b>Deadline</b></dt> is one label
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(scope)
	if len(out) > 0 {
		return out
	}
	return f.lines(textOf(scope))
}

// lines gives the values of lines "Label: value".
func (f *Find) lines(s string) (out []string) {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '|' })
	for i, line := range lines {
		label, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- "), ":")
		if !ok || len(label) > f.longest*2+8 || !f.named(label) {
			continue
		}
		if value = strings.TrimSpace(value); value == "" && i+1 < len(lines) {
			value = strings.TrimSpace(lines[i+1])
		}
		if value != "" {
			out = append(out, value)
		}
	}
	return out
}

func (f *Find) named(label string) bool {
	folded := fold(label)
	for _, l := range f.labels {
		if folded == l {
			return true
		}
	}
	return false
}

// isLabel tells whether the text of n is one of the labels. Long elements are passed by without reading them whole.
func (f *Find) isLabel(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Option, atom.A, atom.Button:
		return false
	}
	var b strings.Builder
	most := f.longest*3 + 64 // letters that folding drops, and the white space of indented pages
	var gather func(n *html.Node) bool
	gather = func(n *html.Node) bool {
		if n.Type == html.TextNode {
			t := strings.TrimSpace(n.Data)
			if b.Len()+len(t) > most {
				return false
			}
			b.WriteString(t)
			b.WriteByte(' ')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if !gather(c) {
				return false
			}
		}
		return true
	}
	return gather(n) && f.named(b.String())
}

// valueOf gives the text that a label is the label of.
func valueOf(label *html.Node) string {
	switch label.DataAtom {
	case atom.Dt:
		return textOfAll(following(label, func(n *html.Node) bool { return n.DataAtom == atom.Dt }))
	case atom.Th, atom.Td:
		for n := label.NextSibling; n != nil; n = n.NextSibling {
			if n.DataAtom == atom.Td || n.DataAtom == atom.Th {
				return textOf(n)
			}
		}
		return ""
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return textOfAll(following(label, isHeading))
	}
	// Words in bold and what follows them in the paragraph, up to the next such words or line.
	inline := following(label, func(n *html.Node) bool {
		return n.DataAtom == atom.Br || n.DataAtom == label.DataAtom && inlined(n)
	})
	if inlined(label) {
		if value := trimColon(textOfAll(inline)); value != "" {
			return value
		}
		// <span>Deadline</span><span>2 May</span>
		if next := elementAfter(label); next != nil && next.DataAtom == label.DataAtom {
			if value := trimColon(textOf(next)); value != "" {
				return value
			}
		}
	} else {
		for _, n := range inline {
			if value := trimColon(textOfAll([]*html.Node{n})); value != "" {
				return value
			}
		}
	}
	// <div><span>Deadline</span></div><div>…</div>: the box of the label is a label.
	if p := label.Parent; p != nil && p.Type == html.ElementNode && p.DataAtom != atom.Body && only(p, label) {
		return valueOf(p)
	}
	return ""
}

// maxFollowing bounds the work on pages of thousands of labels side by side. The longest real section had some 80 elements.
const maxFollowing = 2000

// following gives the siblings after n, up to one that ends them.
func following(n *html.Node, ends func(*html.Node) bool) (out []*html.Node) {
	for s := n.NextSibling; s != nil && !(s.Type == html.ElementNode && ends(s)) && len(out) < maxFollowing; s = s.NextSibling {
		out = append(out, s)
	}
	return out
}

func elementAfter(n *html.Node) *html.Node {
	for s := n.NextSibling; s != nil; s = s.NextSibling {
		if s.Type == html.ElementNode {
			return s
		}
	}
	return nil
}

func isHeading(n *html.Node) bool {
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// inlined tells whether an element stands in a line of text.
func inlined(n *html.Node) bool {
	switch n.DataAtom {
	case atom.B, atom.Strong, atom.Em, atom.I, atom.Span, atom.U, atom.Label, atom.Small, atom.Dfn, atom.Abbr:
		return true
	}
	return false
}

// only tells whether p holds nothing but n and white space.
func only(p, n *html.Node) bool {
	for c := p.FirstChild; c != nil; c = c.NextSibling {
		if c != n && (c.Type == html.ElementNode || c.Type == html.TextNode && strings.TrimSpace(c.Data) != "") {
			return false
		}
	}
	return true
}

func textOfAll(nodes []*html.Node) string {
	var b strings.Builder
	for _, n := range nodes {
		if n.Type != html.ElementNode && n.Type != html.TextNode && n.Type != html.DocumentNode {
			continue // whole tables stand in comments
		}
		if err := html.Render(&b, n); err != nil {
			return ""
		}
	}
	return text.FromHTML(b.String())
}

func trimColon(s string) string { return strings.TrimSpace(strings.TrimLeft(s, ": ")) }
