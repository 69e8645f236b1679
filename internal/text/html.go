package text

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// shaping are the elements that shape a text.
var shaping = []string{
	"p", "br", "hr", "div", "section", "article", "header", "footer", "main", "aside", "nav",
	"address", "blockquote", "pre", "figure", "figcaption", "fieldset", "form", "details", "summary",
	"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd",
	"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th",
}

// policy keeps the elements that shape a text, without any attribute; the content of scripts, styles,
// frames and embedded objects goes with them.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(shaping...)
	return p
})

// harmless tells of each element that HTML may hold without being sanitised whether it shapes a text, or only
// stands around words of it. What is in neither has content that is no text, or could hide some. Left out is pre,
// whose line feeds count.
var harmless = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, name := range shaping {
		if tag := "<" + name + ">"; policy().Sanitize(tag) == tag { // it drops a main or a form without attributes
			m[name] = true
		}
	}
	delete(m, "pre")
	for _, name := range []string{"a", "abbr", "b", "cite", "code", "em", "font", "i", "img", "q", "s", "small", "span", "strong", "sub", "sup", "u", "wbr"} {
		m[name] = false
	}
	return m
})

// maxTables is how deep tables may stand in tables; deeper ones are read as plain text. It bounds the work:
// a cell's text is copied once for each table around it.
const maxTables = 8

// FromHTML gives the text of a piece of HTML in normal form. It is sanitised first, unless it holds nothing that
// would go. Paragraphs and headings stand apart by an empty line; a list item begins with "- "; a row of a table is
// a line with its cells parted by " | ". Links keep only their text. Input may be broken in any way; the work grows
// in line with its length.
func FromHTML(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return Clean(s)
	}
	if utf8.ValidString(s) { // the sanitiser joins bytes that a tag parts
		if t, ok := read(s, harmless()); ok {
			return t
		}
	}
	t, _ := read(policy().Sanitize(s), nil)
	return t
}

// read gives the text of HTML that is sanitised, or that holds none but known elements: true for those that shape
// the text, false for those that are passed over. At any other element, and at a comment, it gives up. Sanitising
// takes longer than reading, and nearly all that portals publish is harmless.
func read(s string, known map[string]bool) (string, bool) {
	var r reader
	r.base.b = make([]byte, 0, len(s))
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		token := z.Next()
		switch token {
		case html.ErrorToken: // the end: a reader of a string has no other error
			return r.finish(), true
		case html.TextToken:
			if r.pre > 0 {
				r.top().lines(string(z.Text()))
			} else {
				r.top().text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, _ := z.TagName()
			if known != nil {
				shapes, ok := known[string(name)]
				if !ok {
					return "", false
				}
				if !shapes {
					continue
				}
			}
			if token == html.EndTagToken {
				r.close(string(name))
			} else {
				r.open(string(name))
			}
		default: // a comment or a doctype
			if known != nil {
				return "", false
			}
		}
	}
}

// reader follows the tags of sanitised HTML. It keeps a stack of tables only; everything else needs no
// memory of what is open, so that wrongly nested input reads like any other.
type reader struct {
	base   page
	tables []table
	deep   int   // tables open beyond maxTables
	lists  []int // items seen, a number for each open list
	pre    int
}

// table is a table that is being read: the finished cells of its current row, and the open one.
type table struct {
	done  page
	cells []string
	cell  page
}

func (r *reader) top() *page {
	if n := len(r.tables); n > 0 {
		return &r.tables[n-1].cell
	}
	return &r.base
}

func (r *reader) open(name string) {
	switch name {
	case "br":
		r.top().feed()
	case "table":
		r.top().owe(paragraph)
		if len(r.tables) == maxTables {
			r.deep++
			return
		}
		r.tables = append(r.tables, table{})
	case "tr":
		r.row()
	case "td", "th":
		r.cell()
	case "ul", "ol":
		r.top().owe(r.listBreak())
		if len(r.lists) < 1000 {
			r.lists = append(r.lists, 0)
		}
	case "li":
		p := r.top()
		p.marker = ""
		p.owe(line)
		if n := len(r.lists); n > 0 {
			if r.lists[n-1] > 0 {
				p.brk = line
			}
			r.lists[n-1]++
		}
		p.marker = "- "
	case "pre":
		r.pre++
		r.top().owe(paragraph)
	default:
		r.top().owe(breakOf(name))
	}
}

func (r *reader) close(name string) {
	switch name {
	case "table":
		switch {
		case r.deep > 0:
			r.deep--
		case len(r.tables) > 0:
			r.leave()
		}
		r.top().owe(paragraph)
	case "tr":
		r.row()
	case "caption":
		r.row()
		r.top().owe(paragraph)
		if n := len(r.tables); n > 0 {
			r.tables[n-1].done.owe(paragraph)
		}
	case "td", "th":
		r.cell()
	case "ul", "ol":
		if n := len(r.lists); n > 0 {
			r.lists = r.lists[:n-1]
		}
		r.top().marker = ""
		r.top().owe(r.listBreak())
	case "li":
		p := r.top()
		p.marker = ""
		p.owe(line)
	case "pre":
		r.pre = max(r.pre-1, 0)
		r.top().owe(paragraph)
	default:
		r.top().owe(breakOf(name))
	}
}

// listBreak is what parts a list from its surroundings: an empty line, unless it stands in another list.
func (r *reader) listBreak() int {
	if len(r.lists) > 0 {
		return line
	}
	return paragraph
}

func breakOf(name string) int {
	switch name {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "figure", "dl", "caption":
		return paragraph
	}
	return line
}

// cell ends the open cell of the innermost table.
func (r *reader) cell() {
	n := len(r.tables)
	if n == 0 || r.deep > 0 {
		r.top().owe(line)
		return
	}
	t := &r.tables[n-1]
	if len(t.cell.b) > 0 {
		t.cells = append(t.cells, string(t.cell.b))
	}
	t.cell = page{b: t.cell.b[:0]}
}

// row ends the current row of the innermost table. A row of one cell is layout: its paragraphs are kept.
func (r *reader) row() {
	r.cell()
	n := len(r.tables)
	if n == 0 || r.deep > 0 {
		return
	}
	t := &r.tables[n-1]
	if len(t.cells) == 1 {
		t.done.owe(line)
		t.done.lines(t.cells[0])
	} else {
		for i, c := range t.cells {
			if i == 0 {
				t.done.owe(line)
			} else {
				t.done.text(" | ")
			}
			t.done.text(c)
		}
	}
	t.cells = t.cells[:0]
}

// leave ends the innermost table.
func (r *reader) leave() {
	r.row()
	n := len(r.tables)
	done := r.tables[n-1].done
	r.tables = r.tables[:n-1]
	r.top().owe(paragraph)
	r.top().lines(string(done.b))
}

func (r *reader) finish() string {
	r.deep = 0
	for len(r.tables) > 0 {
		r.leave()
	}
	return r.base.String()
}
