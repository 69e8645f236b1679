package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"utkik/index"
	"utkik/internal/call"
)

const pageSize = 20

// facetOrder is how the choices stand on the page.
var facetOrder = []string{
	index.FacetStatus, index.FacetDeadline, index.FacetPriority, index.FacetDepartment, index.FacetKind, index.FacetProgramme,
	index.FacetBudget, index.FacetAction, index.FacetSource,
}

const (
	facetHead   = 8    // values of a facet that are shown before the rest is folded away; the plan's priorities all are
	facetValues = 1000 // of a facet: more than any has, so that none is lost
)

// soon is how many days before a deadline the page begins to stress it.
const soon = 14

// searchPage is the search with what it found.
type searchPage struct {
	Frame
	Query    string
	Suggest  string // where suggestions are asked for
	Sorts    []option
	Facets   []facet
	Chips    []chip
	Searched bool
	Problem  string
	Count    string
	PageOf   string
	First    int // number of the first hit shown
	Hits     []hit
	Exports  []exported
	Save     string // where the search is saved as a subscription; empty for whoever may not
	Saved    string // the sentence that it is
	Previous string
	Next     string
	Clear    string
	Meant    *webLink // the query with its mistakes put right
	Also     []index.Sought
	Typed    string     // the same search for the words as typed alone; empty where nothing was looked for besides
	Broad    string     // back from there
	Loosen   []loosened // filters and words that leave nothing, where there is something without one of them
	Wide     string     // what there is without filters, where the filters leave nothing
}

// loosened is a filter or a word to be taken away, with what is found then.
type loosened struct{ Link, Label, Count string }

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

// read takes from an address what it knows and leaves the rest. Addresses that ask for the same are read as the same.
func read(in url.Values) asked {
	a := asked{query: oneLine(in.Get("q")), sort: in.Get("sort"), chosen: map[string][]string{}, page: pageNumber(in.Get("page")), typed: in.Get("words") == "typed"}
	begun := in.Has("q") || slices.Contains(sorts(a.query), a.sort)
	if i := slices.Index(sorts(a.query), a.sort); i <= 0 { // none, or the one that is taken anyway
		a.sort = ""
	}
	for _, name := range facetOrder {
		if vs := clean(in[name]); len(vs) > 0 {
			a.chosen[name], begun = vs, true
		}
	}
	// Somebody who asks for nothing in particular wants to see what can be acted on.
	if !begun {
		a.chosen[index.FacetStatus] = atFirst()
	}
	return a
}

// atFirst are the statuses of what can be acted on, sorted.
func atFirst() []string { return []string{string(call.StatusForthcoming), string(call.StatusOpen)} }

// oneLine is what was typed without what no query can hold.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, " "), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// filters puts what is asked for into a query.
func (a asked) filters(q index.Query) index.Query {
	q.Text, q.AsWritten = a.query, a.typed
	q.Status, q.Kinds, q.Programmes, q.Sources = a.chosen[index.FacetStatus], a.chosen[index.FacetKind], a.chosen[index.FacetProgramme], a.chosen[index.FacetSource]
	q.Priorities, q.Departments = a.chosen[index.FacetPriority], a.chosen[index.FacetDepartment]
	q.Actions, q.Budgets, q.Deadlines = a.chosen[index.FacetAction], a.chosen[index.FacetBudget], a.chosen[index.FacetDeadline]
	return q
}

// without is the same search without one of its filters.
func (a asked) without(facet string) asked {
	a.chosen = maps.Clone(a.chosen)
	delete(a.chosen, facet)
	a.page = 1
	return a
}

// address is the one address of a page of the search in the reader's language.
func (a asked) address(f Frame) string {
	q := a.values()
	if a.page > 1 {
		q.Set("page", strconv.Itoa(a.page))
	} else if a.query == "" && a.sort == "" && !a.typed && len(a.chosen) == 1 && slices.Equal(a.chosen[index.FacetStatus], atFirst()) {
		return f.Home
	}
	return f.address("/", q)
}

// values are what addresses of the same search hold, from its first page. They always name the query, so that they never
// are those of the address that asks for nothing.
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
	p := searchPage{Frame: f, Query: a.query, Suggest: f.suggestAddress()}
	p.asks(a)
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
	p.asks(a) // a page behind the last is the last
	p.Canonical = s.origin(r) + a.address(f)
	p.Feed = s.origin(r) + p.address("/feeds/search.atom", a.values())
	p.Count = counted(f.T, res.Total)
	if a.query != "" {
		p.Title = f.titled(short(a.query, 80) + ", " + p.Count) // the first that a page says when it is read aloud
	}
	if last := pages(res.Total); last > 1 {
		p.PageOf = fmt.Sprintf(f.T.PageOf, number(int64(a.page), f.T.Group), number(int64(last), f.T.Group))
	}
	p.First = (a.page-1)*pageSize + 1
	for i := range res.Hits {
		p.Hits = append(p.Hits, s.hit(f, &res.Hits[i]))
	}
	p.Facets, p.Exports = s.facets(f, res.Facets, a.chosen), a.exports(f)
	s.links(&p, a, res.Total)
	p.besides(a, &res)
	if err := s.saveLinks(r, &p, a); err != nil {
		return view{}, err
	}
	if res.Total == 0 {
		if err := s.loosen(ctx, &p, a); err != nil {
			return view{}, err
		}
	}
	return view{page: "search", data: p}, nil
}

// asks lets the link to the other language lead to the same search, and to nothing that the address said beside it.
func (p *searchPage) asks(a asked) {
	p.SwitchTo = a.address(Frame{Lang: p.Other, Root: p.Root, Home: p.SwitchHome})
}

// maxLess bounds how many words are left out in turn where nothing is found: each is a search.
const maxLess = 6

// loosen tells what there would be without one of the filters, without any, and without one of the words.
func (s *Server) loosen(ctx context.Context, p *searchPage, a asked) error {
	count := func(a asked) (int, error) {
		res, err := s.cfg.Index.Search(ctx, a.filters(index.Query{Now: s.cfg.Now(), Limit: 1}))
		return res.Total, err
	}
	offer := func(less asked, label string) error {
		n, err := count(less)
		if err == nil && n > 0 {
			p.Loosen = append(p.Loosen, loosened{less.address(p.Frame), label, counted(p.T, n)})
		}
		return err
	}
	for _, name := range facetOrder {
		if len(a.chosen[name]) == 0 || len(a.chosen) == 1 {
			continue
		}
		if err := offer(a.without(name), fmt.Sprintf(p.T.Loosen, p.T.Facets[name])); err != nil {
			return err
		}
	}
	if len(a.chosen) > 0 {
		n, err := count(asked{query: a.query, typed: a.typed})
		if err != nil {
			return err
		}
		if n > 0 {
			p.Wide = fmt.Sprintf(p.T.EmptyWide, counted(p.T, n))
		}
	}
	parts, err := index.Loosened(a.query)
	if err != nil {
		return err
	}
	for _, part := range parts[:min(len(parts), maxLess)] {
		less := a
		less.query, less.page = part.Query, 1
		if err := offer(less, fmt.Sprintf(p.T.LoosenWord, strings.ReplaceAll(part.Part, `"`, ""))); err != nil {
			return err
		}
	}
	return nil
}

// find searches. A page behind the last is the last, and a says so afterwards.
func (s *Server) find(ctx context.Context, f Frame, a *asked) (index.Result, error) {
	q := a.filters(index.Query{
		Sort: cmp.Or(a.sort, sorts(a.query)[0]), Limit: pageSize, Lang: f.Lang, Now: s.cfg.Now(), Facets: facetOrder,
		FacetValues: facetValues, Sideways: true, Highlight: true, Offset: (a.page - 1) * pageSize,
	})
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
	link := func(change func(url.Values)) string { // what is changed may be what is taken anyway
		q := a.values()
		change(q)
		return read(q).address(p.Frame)
	}
	for i, v := range sorts(a.query) {
		on := v == a.sort || a.sort == "" && i == 0
		p.Sorts = append(p.Sorts, option{p.T.Sorts[v], link(func(q url.Values) { q.Set("sort", v) }), on})
	}
	if a.query != "" {
		p.Chips = append(p.Chips, chip{fmt.Sprintf(p.T.Words, short(a.query, 80)), link(func(q url.Values) { q.Set("q", "") })})
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
	if len(a.chosen) > 0 {
		p.Clear = link(func(q url.Values) {
			for _, name := range facetOrder {
				q.Del(name)
			}
		})
	}
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
		right.query, right.page = res.DidYouMean, 1
		p.Meant = &webLink{right.address(p.Frame), res.DidYouMean}
	}
	other := a
	other.typed, other.page = !a.typed, 1
	switch link := other.address(p.Frame); {
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
		fc := facet{Label: f.T.Facets[name], Open: len(chosen[name]) > 0 || slices.Contains(facetOrder[:3], name)}
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

// ordered puts what lies on a scale in the scale's order; the others stand as they come, the most frequent first.
func ordered(facet string, values []string) []string {
	known := index.Scale(facet)
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
	default:
		if l, ok := f.T.Values[facet][value]; ok {
			return l
		}
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

func (s *Server) hit(f Frame, h *index.Hit) hit {
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
	out.Priorities = s.priorityNames(f, h)
	return out
}

// priorityNames are those of the priorities that a hit concerns, in the plan's order.
func (s *Server) priorityNames(f Frame, h *index.Hit) []string {
	var out []string
	for _, p := range s.cfg.Plan.Priorities {
		if slices.Contains(h.Priorities, p.ID) {
			out = append(out, s.priorityName(f, p.ID))
		}
	}
	for _, id := range h.Priorities { // of a plan that was edited since
		if _, ok := s.cfg.Plan.Priority(id); !ok {
			out = append(out, s.priorityName(f, id))
		}
	}
	return out
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
