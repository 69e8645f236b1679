// Package listing is what the kinds share that are configured by data: htmllist, jsonlist, feed, ical and timetable.
// It compiles a source's rules and tells what is wrong with them, finds the values that they name in
// HTML, JSON and text, and makes a call of them: dates by the source's zone and clock, statuses by words of several
// languages, amounts in euros, a stable ref of an address.
//
//	rules, r, err := listing.Open(src, doc)
//	values := listing.Gather(rules.Fields, func(f *listing.Field) []string { return f.HTML(node) })
//	item, notes, ok := r.Item(rules, values)
//
// It is as pure as the kinds that use it: whatever it says of today it has from the document's own time.
package listing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"

	"utkik/crawler/kind"
	"utkik/internal/text"
)

// Rules are a source's rules, compiled.
type Rules struct {
	Items  Items
	Pages  Pages
	Total  *Find // nil if the list does not say it
	Fields []*Field
	Detail *Detail // nil if items have no page of their own

	none       []string // folded
	words      []word
	keep, drop []filter
}

// Items is how one item of a list is found. What the rules leave empty is nil.
type Items struct {
	Path   Path
	Select cascadia.Matcher
	Sheet  *regexp.Regexp

	rule kind.Items
}

// Pages is how a list goes on.
type Pages struct {
	kind.Pages       // Step and Most with their defaults
	Link       *Find // nil if no link leads on
}

// Detail is how an item's own page is read.
type Detail struct {
	kind.Detail
	Fields   []*Field
	Text     cascadia.Matcher // nil if no text is taken; of JSON see TextPath
	TextPath Path
	Junk     []cascadia.Matcher
	Aside    []cascadia.Matcher
}

// Field is a named value, and where it is found.
type Field struct {
	Find
	Name string
	Unit string
}

// Find is where something stands, compiled. The words of the rule are in its kind.Find.
type Find struct {
	kind.Find
	path    Path
	element cascadia.Matcher // nil: the whole item
	labels  []string         // folded
	longest int              // of labels, in bytes
	columns []string         // folded
	pattern *regexp.Regexp
}

type filter struct {
	field   string
	pattern *regexp.Regexp
}

// Mistake is something in the rules that cannot be meant.
type Mistake struct {
	Key  string // under rules, such as fields[2].pattern
	Text string
}

const (
	defaultStep = 1
	// defaultMost bounds a list whose pages lead on for ever. The longest real one was 21 pages.
	defaultMost = 50
)

// Compile makes rules that can be applied. With mistakes the rules are of no use.
func Compile(r kind.Rules) (*Rules, []Mistake) {
	c := compiler{}
	out := &Rules{
		Items: Items{rule: r.Items, Select: c.selector("items.select", r.Items.Select), Path: c.path("items.path", r.Items.Path),
			Sheet: c.pattern("items.sheet", r.Items.Sheet)},
		Pages: c.pages(r.Pages),
		Total: c.optional("total", r.Total),
		none:  c.words("none", r.None),
		words: c.statuses(r.Status),
		keep:  c.filters("keep", r.Keep),
		drop:  c.filters("drop", r.Drop),
	}
	out.Fields = c.fields("fields", r.Fields)
	if r.Detail != nil {
		out.Detail = c.detail(*r.Detail, r.Items.Path != "" && r.Items.Select == "")
	}
	return out, c.mistakes
}

// Check tells what is wrong with the rules of a source of the kind, in the order of the rules. Kinds
// that it does not know may have any.
func Check(name string, r kind.Rules) []Mistake {
	_, mistakes := Compile(r)
	missing := func(key, why string) { mistakes = append(mistakes, Mistake{key, "missing: " + why}) }
	switch name {
	case "htmllist":
		if r.Items.Select == "" {
			missing("items.select", "a CSS selector of which each element is an item")
		}
	case "jsonlist":
		if r.Items.Path == "" {
			missing("items.path", "where the list of items stands in the JSON; . if it is all of it")
		}
	case "timetable":
		if !slices.ContainsFunc(r.Fields, func(f kind.Field) bool { return len(f.Column) > 0 }) {
			missing("fields", "at least one with column: words of a table's header")
		}
		return mistakes
	default:
		return mistakes
	}
	if !slices.ContainsFunc(r.Fields, func(f kind.Field) bool { return f.Name == "title" }) {
		missing("fields", "one with the name title")
	}
	return mistakes
}

// compiler gathers mistakes, so that one does not hide the next.
type compiler struct{ mistakes []Mistake }

func (c *compiler) wrong(key, format string, args ...any) {
	c.mistakes = append(c.mistakes, Mistake{key, fmt.Sprintf(format, args...)})
}

func (c *compiler) selector(key, s string) cascadia.Matcher {
	if s == "" {
		return nil
	}
	m, err := cascadia.ParseGroup(s)
	if err != nil {
		c.wrong(key, "%q is no CSS selector: %v", s, err)
		return nil
	}
	return m
}

func (c *compiler) selectors(key string, list []string) (out []cascadia.Matcher) {
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		if s == "" {
			c.wrong(at, "want a CSS selector, got %q", s)
		}
		out = append(out, c.selector(at, s))
	}
	return out
}

func (c *compiler) path(key, s string) Path {
	if s == "" {
		return nil
	}
	p, err := ParsePath(s)
	if err != nil {
		c.wrong(key, "%v", err)
	}
	return p
}

func (c *compiler) pattern(key, s string) *regexp.Regexp {
	if s == "" {
		return nil
	}
	re, err := regexp.Compile(s)
	if err != nil {
		c.wrong(key, "%q is no regular expression: %v", s, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return nil
	}
	if strings.Contains(s, `\b`) && strings.ContainsAny(s, "åäöÅÄÖæøÆØéÉüÜ") {
		// The edge of a word stands between ASCII letters and others, so that \bÖppen is found in no text.
		c.wrong(key, `%q: \b takes å, ä and ö for no letters; use (?:^|\s) and (?:\s|$)`, s)
	}
	if n := re.NumSubexp(); n > 1 {
		c.wrong(key, "%q has %d groups; want one at most, and (?:…) for the others", s, n)
		return nil
	}
	return re
}

// words folds words that an operator wrote. Empty ones would be found everywhere.
func (c *compiler) words(key string, list []string) (out []string) {
	for i, w := range list {
		folded := fold(w)
		if folded == "" {
			c.wrong(fmt.Sprintf("%s[%d]", key, i), "want a word, got %q", w)
			continue
		}
		out = append(out, folded)
	}
	return out
}

func (c *compiler) find(key string, f kind.Find) Find {
	out := Find{
		Find:    f,
		path:    c.path(key+".path", f.Path),
		element: c.selector(key+".select", f.Select),
		labels:  c.words(key+".label", f.Label),
		columns: c.words(key+".column", f.Column),
		pattern: c.pattern(key+".pattern", f.Pattern),
	}
	for _, l := range out.labels {
		out.longest = max(out.longest, len(l))
	}
	others := f.Path != "" || f.Select != "" || len(f.Label) > 0 || len(f.Column) > 0 || f.Attribute != "" || f.Pattern != ""
	switch {
	case f.Value == "" && !others:
		c.wrong(key, "does not say where to look: want path, select, label, column, attribute, pattern or value")
	case len(f.Label) > 0 && f.Attribute != "":
		c.wrong(key+".attribute", "a value beside a label is text; select the element instead")
	}
	return out
}

func (c *compiler) optional(key string, f kind.Find) *Find {
	if f.Path == "" && f.Select == "" && len(f.Label) == 0 && len(f.Column) == 0 && f.Attribute == "" && f.Pattern == "" && f.Value == "" {
		return nil
	}
	out := c.find(key, f)
	return &out
}

func (c *compiler) pages(p kind.Pages) Pages {
	if p.Link.Select != "" && p.Link.Attribute == "" && len(p.Link.Label) == 0 {
		p.Link.Attribute = "href"
	}
	out := Pages{Pages: p, Link: c.optional("pages.link", p.Link)}
	if out.Link != nil && p.Parameter != "" {
		c.wrong("pages.parameter", "pages go on by link or by parameter; one must go")
	}
	if p.Parameter == "" && (p.First != 0 || p.Step != 0) {
		c.wrong("pages.parameter", "missing: first and step say how it counts")
	}
	for _, n := range []struct {
		key   string
		value int
	}{{"first", p.First}, {"step", p.Step}, {"most", p.Most}} {
		if n.value < 0 {
			c.wrong("pages."+n.key, "want 0 or more, got %d", n.value)
		}
	}
	if out.Step == 0 {
		out.Step = defaultStep
	}
	if out.Most == 0 {
		out.Most = defaultMost
	}
	return out
}

func (c *compiler) fields(key string, list []kind.Field) (out []*Field) {
	for i, f := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		c.name(at+".name", f.Name)
		switch {
		case f.Unit == "":
		case f.Unit != "EUR" && f.Unit != "kEUR" && f.Unit != "MEUR":
			c.wrong(at+".unit", "want EUR, kEUR or MEUR, got %q", f.Unit)
		case !slices.Contains(amounts, f.Name):
			c.wrong(at+".unit", "belongs to an amount: %s", strings.Join(amounts, ", "))
		}
		out = append(out, &Field{Find: c.find(at, f.Find), Name: f.Name, Unit: f.Unit})
	}
	return out
}

func (c *compiler) name(key, name string) {
	if names := kind.FieldNames(); !slices.Contains(names, name) {
		c.wrong(key, "unknown field %q; known: %s", name, strings.Join(names, ", "))
	}
}

func (c *compiler) filters(key string, list []kind.Filter) (out []filter) {
	for i, f := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		c.name(at+".field", f.Field)
		if f.Pattern == "" {
			c.wrong(at+".pattern", "missing: a regular expression")
		}
		out = append(out, filter{f.Field, c.pattern(at+".pattern", f.Pattern)})
	}
	return out
}

func (c *compiler) detail(d kind.Detail, isJSON bool) *Detail {
	out := &Detail{Detail: d, Fields: c.fields("detail.fields", d.Fields)}
	if isJSON {
		out.TextPath = c.path("detail.text", d.Text)
	} else {
		out.Text = c.selector("detail.text", d.Text)
	}
	out.Junk = c.selectors("detail.junk", d.Junk)
	out.Aside = c.selectors("detail.aside", d.Aside)
	for i, f := range d.Fields {
		if f.Name == "ref" {
			c.wrong(fmt.Sprintf("detail.fields[%d].name", i), "ref must be found in the list: the page belongs to it")
		}
	}
	for i, w := range d.Within {
		if w == "" {
			c.wrong(fmt.Sprintf("detail.within[%d]", i), "want the beginning of an address, got %q", w)
		}
	}
	if len(d.Fields) == 0 && d.Text == "" {
		c.wrong("detail", "nothing is read of it: want fields or text")
	}
	return out
}

// fold gives a label or word in the form in which it is compared.
func fold(s string) string {
	return strings.TrimRight(text.Fold(text.Clean(s)), " :*")
}
