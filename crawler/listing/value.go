package listing

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// Value is what was found for a field.
type Value struct {
	Field string
	Texts []string // never empty
	Unit  string   // of the rule
	By    string   // the rule in words
}

// Gather asks each field for its texts. Of rules with one name the first that finds something counts.
func Gather(fields []*Field, find func(*Field) []string) []Value {
	var out []Value
	for _, f := range fields {
		if slices.ContainsFunc(out, func(v Value) bool { return v.Field == f.Name }) {
			continue
		}
		texts := slices.DeleteFunc(find(f), func(s string) bool { return strings.TrimSpace(s) == "" })
		if len(texts) > 0 {
			out = append(out, Value{Field: f.Name, Texts: texts, Unit: f.Unit, By: f.String()})
		}
	}
	return out
}

// Reader makes calls of values, by what a source and one of its documents say.
type Reader struct {
	src   kind.Source
	base  *url.URL // what the document's addresses are relative to
	own   *url.URL // the address that was asked for
	wire  string   // host that stands for the source's own, where Source.Base says so
	near  time.Time
	dates text.Options
}

// NewReader makes the reader of a document. Its time of fetching stands for today.
func NewReader(src kind.Source, doc kind.Document) *Reader {
	parsed := func(address string) *url.URL {
		u, err := url.Parse(address)
		if err != nil {
			return &url.URL{}
		}
		return u
	}
	zone, err := time.LoadLocation(src.Zone)
	if err != nil || src.Zone == "" {
		zone = call.Brussels()
	}
	r := &Reader{src: src, own: parsed(doc.Request.URL), wire: parsed(src.Base).Host, near: doc.Fetched,
		dates: text.Options{Zone: zone, Clock: src.Clock, Near: doc.Fetched}}
	r.base = r.home(parsed(cmp.Or(doc.URL, doc.Request.URL)))
	return r
}

// home gives an address of a mirror or replay as the source's own: refs must not depend on where the source is read from.
func (r *Reader) home(u *url.URL) *url.URL {
	if r.wire == "" || u.Host != r.wire || r.own.Host == "" {
		return u
	}
	out := *u
	out.Scheme, out.Host = r.own.Scheme, r.own.Host
	return &out
}

// Rebase sets what addresses are relative to, where a page says so itself.
func (r *Reader) Rebase(address string) {
	if u, err := r.base.Parse(address); err == nil {
		r.base = u
	}
}

// Resolve gives an address of the document as an absolute one, without fragment; empty if it is none for the web.
func (r *Reader) Resolve(address string) string {
	u, err := r.base.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	u = r.home(u)
	u.Fragment = ""
	return u.String()
}

// amounts are the fields that hold whole euros.
var amounts = []string{"budget_eur", "contribution_min_eur", "contribution_max_eur"}

// Item makes an item of values. It is not ok if the rules leave it out, or if it has no ref or no title, which
// a note then tells as a gap.
func (r *Reader) Item(rules *Rules, values []Value) (item kind.Item, notes []kind.Note, ok bool) {
	if !rules.keeps(values) || rules.drops(values) {
		return kind.Item{}, nil, false
	}
	item, notes = r.read(rules, values)
	c := &item.Call
	c.Source = r.src.ID
	c.Kind = cmp.Or(c.Kind, r.src.ItemKind, call.KindCall)
	c.Programme = cmp.Or(c.Programme, r.src.Programme)
	c.Language = cmp.Or(c.Language, r.src.Language)
	c.Status = cmp.Or(c.Status, r.statusOf(c))
	if c.Ref == "" {
		c.Ref = Ref(r.src.Home, c.URL)
	}
	switch {
	case c.Ref == "":
		return kind.Item{}, append(notes, kind.Note{Text: fmt.Sprintf("an item has neither address nor ref: %q", text.Snippet(c.Title, 80)), Gap: true}), false
	case c.Title == "" && rules.Detail == nil:
		return kind.Item{}, append(notes, kind.Note{Ref: c.Ref, Text: "an item has no title", Gap: true}), false
	}
	for i := range notes {
		notes[i].Ref = c.Ref
	}
	return item, notes, true
}

// Part makes what the page of an item adds to the item of that ref.
func (r *Reader) Part(rules *Rules, ref string, values []Value) (kind.Item, []kind.Note) {
	item, notes := r.read(rules, values)
	item.Fill = true
	item.Call.Source, item.Call.Ref = r.src.ID, ref
	item.Call.Kind = cmp.Or(item.Call.Kind, r.src.ItemKind, call.KindCall)
	item.Call.Status = cmp.Or(item.Call.Status, r.statusOf(&item.Call))
	for i := range notes {
		notes[i].Ref = ref
	}
	return item, notes
}

// read puts each value into the field that it is named for. A value that cannot be read is a note.
func (r *Reader) read(rules *Rules, values []Value) (item kind.Item, notes []kind.Note) {
	c := &item.Call
	for _, v := range values {
		first := text.Clean(v.Texts[0])
		unread := func(what string) {
			notes = append(notes, kind.Note{Text: fmt.Sprintf("%s: %q holds no %s (found by %s)", v.Field, text.Snippet(first, 80), what, v.By)})
		}
		item.Found = append(item.Found, kind.Found{Field: v.Field, By: v.By})
		switch v.Field {
		case "ref":
			c.Ref = slug(first)
		case "kind":
			c.Kind = call.Kind(strings.ToLower(first))
			if c.Kind.Validate() != nil {
				c.Kind = ""
				unread("kind")
			}
		case "title":
			c.Title = first
		case "programme":
			c.Programme = first
		case "call":
			c.Call = first
		case "identifier":
			// A page that names several topics is none of them: it would be taken for the same call as one.
			if len(distinct(v.Texts)) == 1 {
				c.Identifier = first
			}
		case "status":
			if c.Status = rules.Status(first); c.Status == "" {
				unread("word for a status")
			}
		case "opens":
			if c.Opens = r.Date(first); c.Opens.IsZero() {
				unread("date")
			}
		case "deadlines":
			if c.Deadlines = r.Dates(v.Texts...); len(c.Deadlines) == 0 {
				unread("date")
			}
		case "period":
			opens, closes, ok := r.Period(first)
			if !ok {
				unread("period")
				break
			}
			if c.Opens.IsZero() {
				c.Opens = opens
			}
			if len(c.Deadlines) == 0 {
				c.Deadlines = []call.Moment{closes}
			}
		case "published":
			if item.Published = r.Date(first); item.Published.IsZero() {
				unread("date")
			}
		case "deadline_model":
			c.DeadlineModel = first
		case "action_types":
			c.ActionTypes = entries(v.Texts)
		case "budget_eur", "contribution_min_eur", "contribution_max_eur":
			euros, ok := Euros(first, v.Unit)
			if !ok {
				unread("amount in euros")
			}
			switch v.Field {
			case "budget_eur":
				c.BudgetEUR = euros
			case "contribution_min_eur":
				c.MinEUR = euros
			default:
				c.MaxEUR = euros
			}
		case "language":
			c.Language = strings.ToLower(first)
		case "text":
			c.Text = strings.Join(distinct(v.Texts), "\n\n")
		case "url":
			if c.URL = r.Resolve(v.Texts[0]); c.URL == "" {
				unread("address")
			}
		case "topics":
			c.Topics = entries(v.Texts)
		case "call_title":
			c.CallTitle = first
		case "parent_title":
			c.ParentTitle = first
		case "project":
			c.Project = first
		case "divisions":
			c.Divisions = entries(v.Texts)
		case "grants":
			c.Grants, _ = strconv.Atoi(digits.FindString(first))
		case "eligible":
			c.Eligible = strings.Join(distinct(v.Texts), "\n\n")
		}
	}
	return item, notes
}

var digits = regexp.MustCompile(`\d{1,9}`)

// statusOf tells the status that the dates of a call state, as seen when the document was fetched. Many sites state
// dates and nothing else; without dates nothing is stated.
func (r *Reader) statusOf(c *call.Call) call.Status {
	last, dated := c.LastDeadline()
	switch {
	case c.Kind == call.KindNews || r.near.IsZero():
		return ""
	case dated && last.Passed(r.near):
		return call.StatusClosed
	case !c.Opens.IsZero() && r.near.Before(c.Opens.Time()):
		return call.StatusForthcoming
	case dated && c.Kind != call.KindPlanned:
		return call.StatusOpen
	case c.Kind == call.KindPlanned:
		return call.StatusForthcoming
	}
	return ""
}

// Date reads the first date in s, such as a day of opening; the zero Moment if there is none. The source's clock is
// that of deadlines, and is left out.
func (r *Reader) Date(s string) call.Moment {
	o := r.dates
	o.Clock = ""
	m, _ := text.ParseDate(s, o)
	return m
}

// Dates reads every date in the texts as a deadline, in order of time, each once.
func (r *Reader) Dates(texts ...string) []call.Moment {
	var out []call.Moment
	for _, s := range texts {
		found := text.Dates(s, r.dates)
		if len(found) == 0 {
			s = text.Clean(s) // day, month and year in boxes of their own
			found = text.Dates(s, r.dates)
		}
		for _, f := range found {
			out = append(out, f.Moment)
		}
		if len(found) == 0 {
			if m, ok := text.ParseDate(s, r.dates); ok {
				out = append(out, m)
			}
		}
	}
	slices.SortStableFunc(out, call.Moment.Compare)
	return slices.CompactFunc(out, call.Moment.Equal)
}

// between are the words and signs that part the two ends of a period.
var between = regexp.MustCompile(`(?i)\s(?:till och med|t\.?o\.?m\.?|till|til|to|until|and|och|–|—|-)\s|[–—]`)

// Period reads the two ends of a period: "27 juni till 14 september 2026". A day of opening without year is the last
// one before the end.
func (r *Reader) Period(s string) (opens, closes call.Moment, ok bool) {
	dates := r.dates
	at := between.FindStringIndex(s)
	if at == nil {
		return opens, closes, false
	}
	if closes, ok = text.ParseDate(s[at[1]:], dates); !ok {
		return opens, closes, false
	}
	const lookBack = 60 // days that a date without year may lie before Near, see text.Options
	o := text.Options{Zone: dates.Zone, Near: closes.Time().AddDate(-1, 0, lookBack+1)}
	if opens, ok = text.ParseDate(s[:at[0]], o); ok {
		return opens, closes, opens.Compare(closes) <= 0
	}
	// "1–30 september 2026", "7.9–7.10.2026": month and year stand with the end.
	m := dayAndMonth.FindStringSubmatch(s[:at[0]])
	if m == nil {
		return opens, closes, false
	}
	end := closes.Time()
	year, month := end.Year(), end.Month()
	if n, _ := strconv.Atoi(m[2]); n >= 1 && n <= 12 {
		if month = time.Month(n); month > end.Month() {
			year--
		}
	}
	day, _ := strconv.Atoi(m[1])
	opens = call.Day(year, month, day)
	return opens, closes, day >= 1 && opens.Time().Day() == day && opens.Compare(closes) <= 0
}

var dayAndMonth = regexp.MustCompile(`^(?i:\s*(?:den|from|från)?\s*)(\d{1,2})\.?(?:(\d{1,2})\.?)?\s*$`)

// Euros reads the first amount in s that is in euros. A bare number is one if the rule states its unit.
func Euros(s, unit string) (int64, bool) {
	for _, a := range text.Amounts(s) {
		if euros, ok := a.Euros(); ok {
			return euros, true
		}
	}
	if unit == "" {
		return 0, false
	}
	found := text.Amounts("EUR " + strings.TrimSpace(s))
	if len(found) == 0 {
		return 0, false
	}
	value := found[0].Value
	switch unit {
	case "kEUR":
		value *= 1e3
	case "MEUR":
		value *= 1e6
	}
	if value < 0 || value > 1e15 { // the whole budget of the Union is 1e12
		return 0, false
	}
	return int64(math.Round(value)), true
}

// entries gives the lines of texts as entries of a list, each once.
func entries(texts []string) []string {
	var out []string
	for _, s := range texts {
		for _, line := range strings.Split(s, "\n") {
			if line = text.Clean(strings.TrimPrefix(strings.TrimSpace(line), "- ")); line != "" {
				out = append(out, line)
			}
		}
	}
	return distinct(out)
}

func distinct(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Number reads a whole number, with the separators of several languages: of a list's total.
func Number(s string) (int, bool) {
	m := grouped.FindString(text.Clean(s))
	n, err := strconv.Atoi(strings.NewReplacer(" ", "", ",", "", ".", "", "’", "").Replace(m))
	return n, err == nil
}

var grouped = regexp.MustCompile(`\d{1,3}(?:[ ,.’]\d{3})+|\d{1,9}`)
