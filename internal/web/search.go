package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"utkik/index"
	"utkik/internal/call"
)

const pageSize = 20

// facetOrder is how the choices stand on the page.
var facetOrder = []string{index.FacetStatus, index.FacetKind, index.FacetPriority, index.FacetProgramme, index.FacetSource}

// searchPage is the search with what it found.
type searchPage struct {
	Frame
	Query    string
	Sort     string
	Sorts    []option
	Facets   []facet
	Chips    []chip
	Searched bool
	Problem  string
	Count    string
	Hits     []hit
	Previous string
	Next     string
	Clear    string
}

type option struct {
	Value, Label string
	On           bool
}

type facet struct {
	Name, Label string
	Open        bool
	Values      []facetValue
}

type facetValue struct {
	Value, Label string
	Count        string
	On           bool
}

// chip is a choice that can be taken away with one click.
type chip struct{ Label, Without string }

type hit struct {
	Link       string
	Title      template.HTML // escaped by the index, words found marked
	Lang       string
	Kind       string
	Status     string
	StatusName string
	Programme  string
	When       string
	Snippet    template.HTML // likewise
	Identifier string
}

func (s *Server) search(_ http.ResponseWriter, r *http.Request) (view, error) {
	f := s.frame(r)
	in := r.URL.Query()
	p := searchPage{Frame: f, Query: in.Get("q"), Sort: in.Get("sort")}
	if !slices.Contains([]string{index.SortRelevance, index.SortDeadline, index.SortNewest}, p.Sort) {
		p.Sort = index.SortRelevance
		if p.Query == "" {
			p.Sort = index.SortDeadline
		}
	}
	for _, v := range []string{index.SortRelevance, index.SortDeadline, index.SortNewest} {
		p.Sorts = append(p.Sorts, option{v, f.T.Sorts[v], v == p.Sort})
	}
	p.Title = f.T.Site
	if p.Query != "" {
		p.Title = p.Query + " – " + f.T.Site
	}
	chosen := map[string][]string{}
	for _, name := range facetOrder {
		chosen[name] = clean(in[name])
	}
	// Somebody who asks for nothing in particular wants to see what can be acted on.
	if len(in) == 0 || len(in) == 1 && in.Has("lang") {
		chosen[index.FacetStatus] = []string{string(call.StatusOpen), string(call.StatusForthcoming)}
	}
	at := pageNumber(in.Get("page"))
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	res, err := s.cfg.Index.Search(ctx, index.Query{
		Text: p.Query, Status: chosen[index.FacetStatus], Kinds: chosen[index.FacetKind], Priorities: chosen[index.FacetPriority],
		Programmes: chosen[index.FacetProgramme], Sources: chosen[index.FacetSource], Sort: p.Sort, Limit: pageSize,
		Offset: (at - 1) * pageSize, Lang: f.Lang, Now: s.cfg.Now(), Facets: facetOrder, Sideways: true, Highlight: true,
	})
	var wrong *index.QueryError
	if errors.As(err, &wrong) {
		p.Problem = fmt.Sprintf(f.T.ProblemQuery, wrong.Message(f.Lang))
		return view{"search", p}, nil
	}
	if err != nil {
		return view{}, err
	}
	p.Searched = true
	p.Count = counted(f.T, res.Total)
	for i := range res.Hits {
		p.Hits = append(p.Hits, s.hit(f, &res.Hits[i]))
	}
	p.Facets = s.facets(f, res.Facets, chosen)
	link := func(change func(url.Values)) string { return address(p, chosen, change) }
	for _, name := range facetOrder {
		for _, v := range chosen[name] {
			p.Chips = append(p.Chips, chip{s.label(f, name, v), link(func(q url.Values) {
				q[name] = slices.DeleteFunc(slices.Clone(q[name]), func(x string) bool { return x == v })
			})})
		}
	}
	p.Clear = link(func(q url.Values) {
		for _, name := range facetOrder {
			q.Del(name)
		}
	})
	if at > 1 {
		p.Previous = link(func(q url.Values) { q.Set("page", strconv.Itoa(at-1)) })
	}
	if at*pageSize < res.Total && at < maxPage {
		p.Next = link(func(q url.Values) { q.Set("page", strconv.Itoa(at+1)) })
	}
	return view{"search", p}, nil
}

// maxPage is the last page that a reader can turn to; the index reaches no further.
const maxPage = 400

func pageNumber(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 1
	}
	return min(max(n, 1), maxPage)
}

// address is that of the same search with a change. It always names the sort, so that it is never the empty search,
// which chooses for the reader.
func address(p searchPage, chosen map[string][]string, change func(url.Values)) string {
	q := url.Values{}
	if p.Query != "" {
		q.Set("q", p.Query)
	}
	for name, vs := range chosen {
		if len(vs) > 0 {
			q[name] = vs
		}
	}
	q.Set("sort", p.Sort)
	if p.Lang != languages[0] {
		q.Set("lang", p.Lang)
	}
	change(q)
	return "/?" + q.Encode()
}

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
		fc := facet{Name: name, Label: f.T.Facets[name], Open: len(chosen[name]) > 0 || name == index.FacetStatus || name == index.FacetPriority}
		for _, c := range counts[name] {
			fc.Values = append(fc.Values, facetValue{c.Value, s.label(f, name, c.Value), number(int64(c.Count), f.T.Group), slices.Contains(chosen[name], c.Value)})
		}
		for _, v := range chosen[name] { // chosen, but not among the commonest or without a hit
			if !slices.ContainsFunc(fc.Values, func(x facetValue) bool { return x.Value == v }) {
				fc.Values = append(fc.Values, facetValue{v, s.label(f, name, v), "0", true})
			}
		}
		if len(fc.Values) > 0 {
			out = append(out, fc)
		}
	}
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
	return hit{
		Link:  callLink(f, h.Key()),
		Title: template.HTML(h.TitleHTML), // the index escapes it
		Lang:  h.Language, Kind: f.T.Kinds[string(h.Kind)], Status: string(h.Status), StatusName: f.T.Statuses[string(h.Status)],
		Programme: h.Programme, When: when(f.T, &c, s.cfg.Now()), Snippet: template.HTML(h.Snippet), Identifier: h.Identifier,
	}
}

func callLink(f Frame, k call.Key) string {
	return "/call/" + url.PathEscape(k.Source) + "/" + (&url.URL{Path: k.Ref}).EscapedPath() + f.Keep()
}

// when says the one date that matters now: the opening of what is to come, the next deadline of what is open, the last
// of what is closed.
func when(t *texts, c *call.Call, now time.Time) string {
	if c.Status == call.StatusForthcoming && !c.Opens.IsZero() && !c.Opens.Passed(now) {
		return t.Opens + " " + t.moment(c.Opens) + days(t, c.Opens, now)
	}
	if d, ok := c.NextDeadline(now); ok {
		return t.Closes + " " + t.moment(d) + days(t, d, now)
	}
	if d, ok := c.LastDeadline(); ok {
		return t.Closed + " " + t.moment(d)
	}
	return t.NoDeadline
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

func days(t *texts, m call.Moment, now time.Time) string {
	a, b := m.Time().In(call.Brussels()), now.In(call.Brussels())
	from := time.Date(b.Year(), b.Month(), b.Day(), 0, 0, 0, 0, time.UTC)
	to := time.Date(a.Year(), a.Month(), a.Day(), 0, 0, 0, 0, time.UTC)
	switch n := int(to.Sub(from).Hours() / 24); {
	case n == 0:
		return ", " + t.Today
	case n == 1:
		return ", " + t.Tomorrow
	case n > 1:
		return ", " + fmt.Sprintf(t.InDays, n)
	}
	return ""
}
