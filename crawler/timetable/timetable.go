// Package timetable reads tables of planned calls, such as those that article 49 of regulation (EU) 2021/1060 has every
// programme publish at least three times a year: area, objective, who may apply, amount, start and end. They come as
// workbooks (XLSX), as CSV, and as tables on pages. Columns are found by the words of their header, in any of the languages
// that the source's file names, wherever in the table the header stands; columns may be added, moved and renamed.
//
//	list     each address whose name begins with "list"
//
// A row has no number of its own. It is known by its title and its objectives (or by what a rule for ref finds), and not by its
// dates, which move: that is the news. The call that it becomes, published elsewhere, has the same programme and objective and
// opens about the day that the row states; items of different sources are joined by their readers, not here.
package timetable

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
	"utkik/internal/text"
)

// Kind reads tables of planned calls. It implements [kind.Kind].
type Kind struct{}

const workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func documents() []string {
	return []string{workbook, "application/vnd.ms-excel", "application/octet-stream", "application/zip", "binary/octet-stream",
		"text/csv", "application/csv", "text/plain", "text/html", "application/xhtml+xml"}
}

// Start asks for each table.
func (Kind) Start(src kind.Source) []kind.Request { return listing.Start(src, documents()) }

// Bounds of a table. Real ones have some tens of rows; a sheet that is formatted to its end has a million.
const (
	maxRows    = 20_000
	maxColumns = 100
	headWithin = 40 // rows in which the header is looked for
)

// table is a sheet, a file or an element: its name, and its cells, of which merged ones are repeated.
type table struct {
	name string
	rows [][]string
}

// Parse reads a document.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	if src.ItemKind == "" {
		src.ItemKind = call.KindPlanned
	}
	rules, r, err := listing.Open(src, doc)
	if err != nil {
		return kind.Page{}, err
	}
	if doc.Request.Name != listing.NameList {
		return kind.Page{}, fmt.Errorf("request %q is not list", doc.Request.Name)
	}
	at, err := listing.ParsePlace(doc.Request.State)
	if err != nil {
		return kind.Page{}, err
	}
	tables, err := read(rules, doc)
	if err != nil {
		return kind.Page{}, err
	}
	p := kind.Page{Listing: at.List, Total: -1}
	headed, rows := 0, 0
	for _, t := range tables {
		head := header(rules, t.rows)
		if head < 0 {
			continue
		}
		headed++
		for _, cells := range t.rows[head+1:] {
			if empty(cells) || slices.Equal(cells, t.rows[head]) || remark(cells) {
				continue
			}
			item, notes, ok := row(rules, r, src.Home, t.rows[head], cells)
			p.Notes = append(p.Notes, notes...)
			if ok {
				rows++
				p.Items = append(p.Items, item)
			}
		}
	}
	switch {
	case headed == 0:
		return kind.Page{}, fmt.Errorf("no table has a header with the columns that the rules name: %s", wanted(rules))
	case rows == 0 && !rules.Empty(words(tables)):
		return kind.Page{}, fmt.Errorf("the table has a header and no rows; rules.none has the words of a site that plans nothing")
	}
	p.Items = distinct(p.Items)
	return p, nil
}

// read gives the tables of a document, by what its bytes are: types are stated wrongly for files.
func read(rules *listing.Rules, doc kind.Document) ([]table, error) {
	body := bytes.TrimSpace(bytes.TrimPrefix(doc.Body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0:
		return nil, fmt.Errorf("it is empty")
	case bytes.HasPrefix(doc.Body, []byte("PK\x03\x04")):
		return sheets(rules, doc.Body)
	case bytes.HasPrefix(doc.Body, []byte("\xd0\xcf\x11\xe0")):
		return nil, fmt.Errorf("a workbook of the former kind (XLS), which cannot be read; is there one in XLSX or CSV?")
	case bytes.HasPrefix(body, []byte("%PDF")):
		return nil, fmt.Errorf("a PDF, which is no table")
	case body[0] == '<':
		return elements(rules, doc.Body)
	}
	return separated(doc.Body)
}

// header gives the row that names the most of the columns, at least two of them, or one where the rules name one. It is
// -1 where there is none.
func header(rules *listing.Rules, rows [][]string) int {
	named := map[string]bool{}
	for _, f := range rules.Fields {
		if len(f.Column) > 0 {
			named[f.Name] = true
		}
	}
	best, most := -1, min(2, len(named))-1
	for i, cells := range rows[:min(len(rows), headWithin)] {
		found := map[string]bool{}
		used := map[int]bool{}
		for _, f := range rules.Fields {
			if at := f.In(cells); at >= 0 && len(cells[at]) < 200 { // a sentence that holds the word is no header
				found[f.Name], used[at] = true, true
			}
		}
		if n := min(len(found), len(used)); n > most {
			best, most = i, n
		}
	}
	return best
}

func wanted(rules *listing.Rules) string {
	var out []string
	for _, f := range rules.Fields {
		if len(f.Column) > 0 {
			out = append(out, f.Name+" ("+strings.Join(f.Column, ", ")+")")
		}
	}
	return strings.Join(out, "; ")
}

// row makes an item of a row. One without a title is no call but a heading, a sum or a remark, unless it states a day.
func row(rules *listing.Rules, r *listing.Reader, home string, head, cells []string) (kind.Item, []kind.Note, bool) {
	whole := text.Clean(strings.Join(cells, " | "))
	expected, dated := "", false
	values := listing.Gather(rules.Fields, func(f *listing.Field) []string {
		if len(f.Column) == 0 {
			return f.Text(whole)
		}
		at := f.In(head)
		if at < 0 || at >= len(cells) || cells[at] == "" {
			return nil
		}
		out := f.Text(cells[at])
		if len(out) == 0 || undecided.MatchString(text.Clean(out[0])) {
			return nil // "to be decided" states nothing, and is no mistake
		}
		switch f.Name {
		case "opens", "deadlines", "period":
			s := text.Clean(out[0])
			if _, _, ok := r.Period(s); ok || len(r.Dates(s)) > 0 {
				dated = true
				break
			}
			if coarse.MatchString(s) { // "Q1 2027", "våren 2027": no day, and no mistake either
				if f.Name != "deadlines" && expected == "" {
					expected = s
				}
				return nil
			}
		}
		return out
	})
	var title, objectives []string
	for _, v := range values {
		switch v.Field {
		case "title":
			title = v.Texts
		case "divisions", "identifier", "call":
			objectives = append(objectives, v.Texts...)
		}
	}
	if len(title) == 0 {
		if dated || expected != "" {
			return kind.Item{}, []kind.Note{{Gap: true, Text: fmt.Sprintf("a row states when and not what: %q", text.Snippet(whole, 120))}}, false
		}
		return kind.Item{}, nil, false
	}
	if !slices.ContainsFunc(values, func(v listing.Value) bool { return v.Field == "ref" }) {
		values = append(values, listing.Value{Field: "ref", Texts: []string{slug(append(title, objectives...))}, By: "title and objectives"})
	}
	item, notes, ok := r.Item(rules, values)
	if item.Call.Opens.IsZero() {
		item.Call.Expected = expected
	}
	if item.Call.URL == "" {
		item.Call.URL = home // of the table for people
	}
	return item, notes, ok
}

var (
	// coarse are times that are no day: a quarter, a season, a month, a half, a year.
	coarse = regexp.MustCompile(`(?i)^(?:(?:ca|about|around|prel\.?|preliminärt|planned|from|från|early|mid|late|beginning of|end of|början av|slutet av|mitten av)\s+)*` +
		`(?:(?:q[1-4]|t[1-3]|h[12]|[1-4](?:st|nd|rd|th|:a|:e)?\s*(?:quarter|kvartalet|kvartal)|(?:kvartal|quarter)\s*[1-4]|[12](?:st|nd|:a)?\s*(?:half|halvåret|halvår)|` +
		`\pL{3,12})(?:\s*(?:[–/-]|and|och|to|till)\s*(?:q[1-4]|\pL{3,12}))?[\s,/]+)?(?:of\s+|år\s+)?(?:20\d\d)(?:\s*[/–-]\s*(?:20)?\d\d)?$|^(?:0?[1-9]|1[0-2])[/.]20\d\d$|^20\d\d-(?:0[1-9]|1[0-2])$`)
	undecided = regexp.MustCompile(`(?i)^(?:[-–—?.]+|n/?a|tb[adc]|to be .*|ej fastställt|ännu inte .*|löpande|continuous|ongoing|open|kommer senare|meddelas senare|ikke bestemt)$`)
)

// distinct gives rows of one ref different ones, by the day or time at which they open: one measure is often opened
// several times, which a table tells in several rows. Rows that are told once have no day in their ref, so that a call that
// is put off stays the call that it is.
func distinct(items []kind.Item) []kind.Item {
	times, told := map[string]int{}, map[string]bool{}
	items = slices.DeleteFunc(items, func(it kind.Item) bool { // the same row twice, or on two sheets
		last, _ := it.Call.LastDeadline()
		same := strings.Join([]string{it.Call.Ref, it.Call.Opens.String(), it.Call.Expected, last.String()}, " ")
		again := told[same]
		told[same] = true
		return again
	})
	for _, it := range items {
		times[it.Call.Ref]++
	}
	seen := map[string]bool{}
	out := items[:0]
	for _, it := range items {
		c := &it.Call
		if times[c.Ref] > 1 {
			last, _ := c.LastDeadline()
			for _, when := range []string{c.Opens.Date(), c.Expected, last.Date()} {
				if when != "" {
					c.Ref += "-" + slug([]string{when})
					break
				}
			}
		}
		if !seen[c.Ref] {
			seen[c.Ref] = true
			out = append(out, it)
		}
	}
	return out
}

// slug makes a ref of words: letters and digits of their folded form.
func slug(list []string) string {
	s := text.Fold(strings.Join(list, " "))
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 0x7f) }), "-")
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "")
	}
	return strings.Trim(s, "-")
}

func empty(cells []string) bool {
	return !slices.ContainsFunc(cells, func(s string) bool { return s != "" })
}

// remark tells whether a row is one cell that spans several columns: a heading, or a sentence below the table.
func remark(cells []string) bool {
	first, n := "", 0
	for _, s := range cells {
		if s != "" {
			if n++; n == 1 {
				first = s
			} else if s != first {
				return false
			}
		}
	}
	return n > 1
}

func words(tables []table) string {
	var b strings.Builder
	for _, t := range tables {
		for _, cells := range t.rows {
			b.WriteString(strings.Join(cells, " "))
			b.WriteByte('\n')
		}
	}
	return b.String()
}
