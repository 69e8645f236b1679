package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/index"
	"utkik/internal/call"
)

const pageSize = 20

// facetOrder is how the choices stand on the page.
var facetOrder = []string{index.FacetStatus, index.FacetPriority, index.FacetDepartment, index.FacetKind, index.FacetProgramme, index.FacetSource}

// facetHead is how many values of a facet are shown before the rest is folded away; the plan's priorities all are.
const facetHead = 8

// soon is how many days before a deadline the page begins to stress it.
const soon = 14

// searchPage is the search with what it found.
type searchPage struct {
	Frame
	Query    string
	Sorts    []option
	Facets   []facet
	Chips    []chip
	Searched bool
	Problem  string
	Count    string
	PageOf   string
	First    int // number of the first hit shown
	Hits     []hit
	Previous string
	Next     string
	Clear    string
	Meant    *webLink // the query with its mistakes put right
	Also     []index.Sought
	Typed    string // the same search for the words as typed alone; empty where nothing was looked for besides
	Broad    string // back from there
	Wide     string // what there is without filters, where the filters leave nothing
}

// option is one order of the hits.
type option struct {
	Label, Link string
	On          bool
}

type facet struct {
	Label     string
	Open      bool
	Values    []facetValue
	More      []facetValue
	MoreLabel string
}

type facetValue struct {
	Name, Value, Label string
	Count              string
	On                 bool
}

// chip is a choice that can be taken away with one click.
type chip struct{ Label, Without string }

type hit struct {
	Link       string
	Title      template.HTML // escaped by the index, words found marked
	Lang       string        // of the title
	TextLang   string        // of the snippet
	Kind       string
	Status     string
	StatusName string
	Programme  string
	When       moment
	Snippet    template.HTML // likewise
	Identifier string
	Priorities []string
	AlsoAt     []webLink // other sources' items of the same call
}

// moment is the one date that matters now.
type moment struct {
	Day  string // with what happens on it
	Left string // how long until then; empty when it does not count any more
	Soon bool
}

// asked is what an address asks for.
type asked struct {
	query  string
	sort   string // as the reader chose it; empty when the page chooses
	chosen map[string][]string
	page   int
	typed  bool // the words as typed alone
}

// read takes from an address what it knows and leaves the rest.
func read(in url.Values) asked {
	a := asked{query: in.Get("q"), sort: in.Get("sort"), chosen: map[string][]string{}, page: pageNumber(in.Get("page")), typed: in.Get("words") == "typed"}
	if !slices.Contains(sorts(a.query), a.sort) {
		a.sort = ""
	}
	begun := in.Has("q") || a.sort != ""
	for _, name := range facetOrder {
		if vs := clean(in[name]); len(vs) > 0 {
			a.chosen[name], begun = vs, true
		}
	}
	// Somebody who asks for nothing in particular wants to see what can be acted on.
	if !begun {
		a.chosen[index.FacetStatus] = []string{string(call.StatusOpen), string(call.StatusForthcoming)}
	}
	return a
}

// values is the address of the same search, from its first page. It always names the query, so that it is never the
// address that asks for nothing.
func (a asked) values() url.Values {
	q := url.Values{"q": {a.query}}
	if a.sort != "" {
		q.Set("sort", a.sort)
	}
	if a.typed {
		q.Set("words", "typed")
	}
	for name, vs := range a.chosen {
		q[name] = slices.Clone(vs)
	}
	return q
}

// sorts are the orders that make sense, the first is the one taken where none is asked for.
func sorts(query string) []string {
	if strings.TrimSpace(query) == "" {
		return []string{index.SortDeadline, index.SortNewest}
	}
	return []string{index.SortRelevance, index.SortDeadline, index.SortNewest}
}

func (s *Server) search(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, a := s.frame(r), read(r.URL.Query())
	p := searchPage{Frame: f, Query: a.query}
	if a.query != "" {
		p.Title = f.titled(a.query)
	}
	if a.sort != "" {
		p.Kept = append(p.Kept, param{"sort", a.sort})
	}
	if a.typed {
		p.Kept = append(p.Kept, param{"words", "typed"})
	}
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	res, err := s.find(ctx, f, &a)
	var wrong *index.QueryError
	if errors.As(err, &wrong) {
		p.Problem = fmt.Sprintf(f.T.ProblemQuery, wrong.Message(f.Lang))
		for _, name := range facetOrder { // there are no boxes to keep them
			for _, v := range a.chosen[name] {
				p.Kept = append(p.Kept, param{name, v})
			}
		}
		return view{"search", p, http.StatusBadRequest}, nil
	}
	if err != nil {
		return view{}, err
	}
	p.Searched = true
	p.Feed = s.base(r) + p.address("/feeds/search.atom", a.values())
	p.Count = counted(f.T, res.Total)
	if last := pages(res.Total); last > 1 {
		p.PageOf = fmt.Sprintf(f.T.PageOf, number(int64(a.page), f.T.Group), number(int64(last), f.T.Group))
	}
	p.First = (a.page-1)*pageSize + 1
	for i := range res.Hits {
		h, err := s.hit(ctx, f, &res.Hits[i])
		if err != nil {
			return view{}, err
		}
		p.Hits = append(p.Hits, h)
	}
	p.Facets = s.facets(f, res.Facets, a.chosen)
	s.links(&p, a, res.Total)
	p.besides(a, &res)
	if res.Total == 0 && len(a.chosen) > 0 {
		wide, err := s.find(ctx, f, &asked{query: a.query, page: 1, typed: a.typed})
		if err != nil {
			return view{}, err
		}
		if wide.Total > 0 {
			p.Wide = fmt.Sprintf(f.T.EmptyWide, counted(f.T, wide.Total))
		}
	}
	return view{page: "search", data: p}, nil
}

// find searches. A page behind the last is the last, and a says so afterwards.
func (s *Server) find(ctx context.Context, f Frame, a *asked) (index.Result, error) {
	q := index.Query{
		Text: a.query, Status: a.chosen[index.FacetStatus], Kinds: a.chosen[index.FacetKind], Priorities: a.chosen[index.FacetPriority],
		Departments: a.chosen[index.FacetDepartment], Programmes: a.chosen[index.FacetProgramme], Sources: a.chosen[index.FacetSource],
		Sort: cmp.Or(a.sort, sorts(a.query)[0]), Limit: pageSize, Lang: f.Lang, Now: s.cfg.Now(), Facets: facetOrder, Sideways: true,
		Highlight: true, Offset: (a.page - 1) * pageSize, AsWritten: a.typed,
	}
	res, err := s.cfg.Index.Search(ctx, q)
	if err != nil || len(res.Hits) > 0 || a.page == 1 {
		return res, err
	}
	a.page = pages(res.Total)
	q.Offset = (a.page - 1) * pageSize
	return s.cfg.Index.Search(ctx, q)
}

// links fills in the addresses of searches that are one step away.
func (s *Server) links(p *searchPage, a asked, total int) {
	link := func(change func(url.Values)) string {
		q := a.values()
		change(q)
		return p.address("/", q)
	}
	for i, v := range sorts(a.query) {
		on := v == a.sort || a.sort == "" && i == 0
		p.Sorts = append(p.Sorts, option{p.T.Sorts[v], link(func(q url.Values) { q.Set("sort", v) }), on})
	}
	for _, name := range facetOrder {
		for _, v := range ordered(name, a.chosen[name]) {
			label := s.label(p.Frame, name, v)
			if name == index.FacetDepartment { // some are called as a priority is
				label = p.T.Facets[name] + ": " + label
			}
			p.Chips = append(p.Chips, chip{label, link(func(q url.Values) {
				q[name] = slices.DeleteFunc(q[name], func(x string) bool { return x == v })
			})})
		}
	}
	p.Clear = link(func(q url.Values) {
		for _, name := range facetOrder {
			q.Del(name)
		}
	})
	if a.page > 1 {
		p.Previous = link(func(q url.Values) { q.Set("page", strconv.Itoa(a.page-1)) })
	}
	if a.page < pages(total) {
		p.Next = link(func(q url.Values) { q.Set("page", strconv.Itoa(a.page+1)) })
	}
}

// besides tells what was looked for beside the words as typed, and how to look for these alone.
func (p *searchPage) besides(a asked, res *index.Result) {
	p.Also = res.Also
	if res.DidYouMean != "" {
		right := a
		right.query = res.DidYouMean
		p.Meant = &webLink{p.address("/", right.values()), res.DidYouMean}
	}
	other := a
	other.typed = !a.typed
	switch link := p.address("/", other.values()); {
	case a.typed:
		p.Broad = link
	case len(p.Also) > 0 || p.Meant != nil:
		p.Typed = link
	}
}

// maxPage is the last page that a reader can turn to; the index reaches no further.
const maxPage = 400

func pages(total int) int { return min(max((total+pageSize-1)/pageSize, 1), maxPage) }

// pageNumber reads the number of a page; what is none is the first.
func pageNumber(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 1
	}
	return min(max(n, 1), maxPage)
}

// clean drops values that nobody can have ticked.
func clean(vs []string) []string {
	var out []string
	for _, v := range vs {
		if v != "" && len(v) < 100 && !slices.Contains(out, v) && len(out) < 50 {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

func counted(t *texts, n int) string {
	switch n {
	case 0:
		return t.HitsNone
	case 1:
		return t.HitsOne
	}
	return fmt.Sprintf(t.HitsMany, number(int64(n), t.Group))
}

func (s *Server) facets(f Frame, counts map[string][]index.Count, chosen map[string][]string) []facet {
	var out []facet
	for _, name := range facetOrder {
		count := map[string]int{}
		var values []string
		for _, c := range counts[name] {
			values = append(values, c.Value)
			count[c.Value] = c.Count
		}
		for _, v := range chosen[name] { // chosen, but not among the commonest or without a hit
			if !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		if len(values) == 0 || len(values) == 1 && len(chosen[name]) == 0 {
			continue // there is nothing to choose
		}
		fc := facet{Label: f.T.Facets[name], Open: len(chosen[name]) > 0 || name == index.FacetStatus || name == index.FacetPriority}
		for _, v := range ordered(name, values) {
			on := slices.Contains(chosen[name], v)
			fv := facetValue{name, v, s.label(f, name, v), number(int64(count[v]), f.T.Group), on}
			if len(fc.Values) < facetHead || on || name == index.FacetPriority {
				fc.Values = append(fc.Values, fv)
			} else {
				fc.More = append(fc.More, fv)
			}
		}
		fc.MoreLabel = fmt.Sprintf(f.T.More, number(int64(len(fc.More)), f.T.Group))
		out = append(out, fc)
	}
	return out
}

// ordered puts statuses and kinds in the order in which a reader thinks of them; the others stand as they come.
func ordered(facet string, values []string) []string {
	var known []string
	switch facet {
	case index.FacetStatus:
		known = []string{string(call.StatusOpen), string(call.StatusForthcoming), string(call.StatusClosed)}
	case index.FacetKind:
		known = []string{string(call.KindCall), string(call.KindConsultation), string(call.KindPlanned), string(call.KindNews)}
	}
	place := func(v string) int {
		if i := slices.Index(known, v); i >= 0 {
			return i
		}
		return len(known)
	}
	out := slices.Clone(values)
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return out
}

// label is a facet's value in the reader's words.
func (s *Server) label(f Frame, facet, value string) string {
	switch facet {
	case index.FacetStatus:
		if l, ok := f.T.Statuses[value]; ok {
			return l
		}
	case index.FacetKind:
		if l, ok := f.T.Kinds[value]; ok {
			return l
		}
	case index.FacetPriority:
		return s.priorityName(f, value)
	case index.FacetDepartment:
		return s.departmentName(f, value)
	case index.FacetSource:
		return s.sourceName(f, value)
	}
	return value
}

func (s *Server) priorityName(f Frame, id string) string {
	p, ok := s.cfg.Plan.Priority(id)
	switch {
	case !ok:
		return id
	case f.Lang == "en" && p.NameEN != "":
		return p.NameEN
	}
	return p.Name
}

func (s *Server) departmentName(f Frame, id string) string {
	d, ok := s.cfg.Plan.Department(id)
	switch {
	case !ok:
		return id
	case f.Lang == "en" && d.NameEN != "":
		return d.NameEN
	}
	return d.Name
}

func (s *Server) sourceName(f Frame, id string) string {
	for _, src := range s.cfg.Sources {
		if src.ID != id {
			continue
		}
		if f.Lang == "en" && src.NameEN != "" {
			return src.NameEN
		}
		return src.Name
	}
	return id
}

func (s *Server) hit(ctx context.Context, f Frame, h *index.Hit) (hit, error) {
	results, err := s.results(ctx, h.Key())
	if err != nil {
		return hit{}, err
	}
	c := call.Call{Deadlines: h.Deadlines, Opens: h.Opens, Status: h.Status}
	out := hit{
		Link:  callLink(f, h.Key()),
		Title: template.HTML(h.TitleHTML), // the index escapes it
		Lang:  tag(cmp.Or(h.TitleIn, h.Language)), TextLang: tag(h.Language), Kind: f.T.Kinds[string(h.Kind)], Status: string(h.Status), StatusName: f.T.Statuses[string(h.Status)],
		Programme: h.Programme, When: when(f.T, &c, s.cfg.Now()), Snippet: template.HTML(h.Snippet), Identifier: short(h.Identifier, 80),
	}
	if h.Title == "" {
		out.Title = template.HTML(template.HTMLEscapeString(cmp.Or(h.Identifier, h.Ref)))
	}
	for _, o := range h.Also {
		out.AlsoAt = append(out.AlsoAt, webLink{callLink(f, o.Key()), s.sourceName(f, o.Source)})
	}
	for _, res := range results {
		out.Priorities = append(out.Priorities, s.priorityName(f, res.Priority))
	}
	return out, nil
}

// callLink is the address of a call.
func callLink(f Frame, k call.Key) string { return f.address("/call/"+k.Path(), url.Values{}) }

// when says the one date that matters now: the opening of what is to come, the next deadline of what is open, the last
// of what is closed.
func when(t *texts, c *call.Call, now time.Time) moment {
	if c.Status == call.StatusForthcoming && !c.Opens.IsZero() && !c.Opens.Passed(now) {
		left, _ := days(t, c.Opens, now)
		return moment{Day: t.Opens + " " + t.moment(c.Opens), Left: left}
	}
	if d, ok := c.NextDeadline(now); ok {
		m := moment{Day: t.Closes + " " + t.moment(d)}
		if c.Status != call.StatusClosed { // closed before its time: nothing is left
			var n int
			m.Left, n = days(t, d, now)
			m.Soon = n <= soon
		}
		return m
	}
	if d, ok := c.LastDeadline(); ok {
		return moment{Day: t.Closed + " " + t.moment(d)}
	}
	return moment{Day: t.NoDeadline}
}

// moment is a day, and its clock time where there is one, in Swedish time.
func (t *texts) moment(m call.Moment) string {
	local := m.Time().In(call.Brussels())
	s := fmt.Sprintf(t.DateFormat, t.Weekdays[local.Weekday()], local.Day(), t.Months[local.Month()-1], local.Year())
	if !m.DayOnly() {
		s += " " + local.Format(t.ClockFormat)
	}
	return s
}

// days tells how many days are left until m, from midnight to midnight in Swedish time, as words and as a number.
func days(t *texts, m call.Moment, now time.Time) (string, int) {
	a, b := m.Time().In(call.Brussels()), now.In(call.Brussels())
	from := time.Date(b.Year(), b.Month(), b.Day(), 0, 0, 0, 0, time.UTC)
	to := time.Date(a.Year(), a.Month(), a.Day(), 0, 0, 0, 0, time.UTC)
	switch n := int(to.Sub(from).Hours() / 24); n {
	case 0:
		return t.Today, n
	case 1:
		return t.Tomorrow, n
	default:
		return fmt.Sprintf(t.InDays, n), n
	}
}
