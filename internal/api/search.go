package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"utkik/index"
	"utkik/internal/call"
)

// Hit is a call found.
type Hit struct {
	Source     string        `json:"source"`
	Ref        string        `json:"ref"`
	Title      string        `json:"title" doc:"In lang where the source has it, else as it is."`
	TitleIn    string        `json:"title_language,omitempty" doc:"Language of title, where it is another than the call's."`
	Language   string        `json:"language,omitempty" doc:"Of the call, BCP 47."`
	Kind       call.Kind     `json:"kind" enum:"call,consultation,planned,news"`
	Programme  string        `json:"programme,omitempty"`
	Identifier string        `json:"identifier,omitempty"`
	Status     call.Status   `json:"status" enum:"forthcoming,open,closed," doc:"As it is now."`
	Opens      call.Moment   `json:"opens,omitzero"`
	Deadlines  []call.Moment `json:"deadlines"`
	Priorities []string      `json:"priorities" doc:"Ids of the plan's priorities that it concerns, best first."`
	Score      float64       `json:"score" doc:"Comparable within one result only."`
	TitleHTML  string        `json:"title_html,omitempty" doc:"With highlight: escaped, with <mark> around what was found."`
	Snippet    string        `json:"snippet,omitempty" doc:"With highlight: HTML, escaped, with <mark> around what was found."`
	URL        string        `json:"url,omitempty" doc:"At its source, for people."`
	Web        string        `json:"web" doc:"Its page here."`
	AlsoAt     []index.Other `json:"also_at,omitempty" nullable:"false" doc:"Other sources' items of the same call."`
}

// Filters are what searches may be narrowed by.
type Filters struct {
	Status         []call.Status `query:"status,explode" enum:"forthcoming,open,closed" doc:"Repeat for several." example:"[\"open\"]"`
	Kind           []call.Kind   `query:"kind,explode" enum:"call,consultation,planned,news" doc:"Repeat for several."`
	Programme      []string      `query:"programme,explode" maxItems:"50" doc:"Short name, such as HORIZON. Repeat for several."`
	Source         []string      `query:"source,explode" maxItems:"50" doc:"Id of a source. Repeat for several."`
	Priority       []string      `query:"priority,explode" maxItems:"50" doc:"Id of a priority of the plan. Repeat for several."`
	Department     []string      `query:"department,explode" maxItems:"50" doc:"Id of a department of the plan: what its priorities concern. Repeat for several."`
	Action         []string      `query:"action_type,explode" maxItems:"50" doc:"Form of support: a short name such as ria, csa or infra (doc/query.md has them), or the source's own words. Repeat for several."`
	Budget         []string      `query:"budget,explode" enum:"under-1m,1m-5m,5m-20m,20m-100m,over-100m,none" doc:"What the call gives away in all, in millions of euros; none: it states none. Repeat for several."`
	Deadline       []string      `query:"deadline,explode" enum:"1m,3m,6m,12m,later,none" doc:"How soon the next deadline comes, in months from now. Repeat for several."`
	DeadlineAfter  string        `query:"deadline_after" doc:"Some deadline on that day or later." format:"date" example:"2026-09-01"`
	DeadlineBefore string        `query:"deadline_before" doc:"Some deadline on that day or earlier." format:"date" example:"2026-12-31"`
}

type searchInput struct {
	Q         string   `query:"q" maxLength:"5000" doc:"In the query language, doc/query.md." example:"rail -freight"`
	Filters            // one for all that search
	Sort      string   `query:"sort" enum:"relevance,deadline,newest" doc:"Without it relevance, and newest where q is empty."`
	Lang      string   `query:"lang" enum:"sv,en" default:"sv" doc:"The reader's language: titles are given in it where they are, and hits in it rank a little higher."`
	AsWritten bool     `query:"as_written" doc:"Only the words as typed: none in the other language, no spelling corrected."`
	Facet     []string `query:"facet,explode" enum:"status,kind,programme,source,priority,department,language,action_type,budget,deadline" doc:"Count the hits by this; each as if it had no filter of its own. Repeat for several."`
	Highlight bool     `query:"highlight" default:"true" doc:"Give snippets and marked titles."`
	Limit     int      `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"Hits in one answer."`
	Cursor    string   `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type searchOutput struct {
	Body struct {
		Total      int                      `json:"total" doc:"Calls that several sources publish count once."`
		Hits       []Hit                    `json:"hits"`
		Facets     map[string][]index.Count `json:"facets,omitempty" doc:"For each facet asked for its values, the commonest first; 30 at the most."`
		Also       []index.Sought           `json:"also_searched,omitempty" nullable:"false" doc:"What was looked for besides, in the other language."`
		Meant      []index.Meant            `json:"meant,omitempty" nullable:"false" doc:"Words that find next to nothing, and what was looked for beside them."`
		DidYouMean string                   `json:"did_you_mean,omitempty" doc:"The query with these words put right."`
		Next       string                   `json:"next,omitempty" doc:"Where to go on; none on the last page."`
		Capped     bool                     `json:"capped,omitempty" doc:"There is more, but a search reaches no further than 10,000 hits: narrow it, or copy everything with GET /calls."`
	}
}

// maxReach is how far into a result one can page; the index reaches no further.
const maxReach = 10_000

// hitPlace is a place in a result: behind that hit, which stood as the Nth.
type hitPlace struct {
	N   int    `json:"n"`
	Key string `json:"k"`
}

// around is how far from its place a hit is looked for whose place has changed since the last page: what comes and goes in
// a day, between two pages.
const around = 400

func (s *Server) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	q, err := s.query(ctx, &in.Filters)
	if err != nil {
		return nil, err
	}
	q.Text, q.Sort, q.Lang, q.AsWritten, q.Facets, q.Highlight = in.Q, in.Sort, in.Lang, in.AsWritten, in.Facet, in.Highlight
	q.Sideways = true
	if in.Sort == "" {
		q.Sort = index.SortRelevance
	}
	q.Facets = unique(in.Facet)
	res, next, err := s.turn(ctx, "search", q, in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &searchOutput{}
	out.Body.Total, out.Body.Also, out.Body.Meant, out.Body.DidYouMean, out.Body.Next = res.Total, res.Also, res.Meant,
		res.DidYouMean, next
	out.Body.Capped = next == "" && res.more
	out.Body.Hits = []Hit{}
	if len(q.Facets) > 0 {
		out.Body.Facets = res.Facets
	}
	matches, err := s.matchesOf(ctx, res.Hits)
	if err != nil {
		return nil, err
	}
	for i := range res.Hits {
		h := &res.Hits[i]
		out.Body.Hits = append(out.Body.Hits, s.hit(h, matches[h.Key()]))
	}
	return out, nil
}

func (s *Server) hit(h *index.Hit, ms []Match) Hit {
	out := Hit{Source: h.Source, Ref: h.Ref, Title: h.Title, TitleIn: h.TitleIn, Language: h.Language, Kind: h.Kind,
		Programme: h.Programme, Identifier: h.Identifier,
		Status: h.Status, Opens: h.Opens, Deadlines: h.Deadlines, Priorities: []string{}, Score: h.Score,
		TitleHTML: h.TitleHTML, Snippet: h.Snippet,
		URL: webURL(h.URL), Web: s.web(h.Key()), AlsoAt: h.Also}
	for _, m := range ms {
		out.Priorities = append(out.Priorities, m.Priority)
	}
	return out
}

// result is a page of what was found.
type result struct {
	index.Result
	more bool // there are hits behind it
}

// turn searches for the page that a cursor asks for, and gives the cursor of the next. A page begins behind the hit with
// which the last one ended, wherever that one stands by now: what came or went before it makes no hit come twice and
// leaves none out.
func (s *Server) turn(ctx context.Context, operation string, q index.Query, limit int, cursor string) (result, string, error) {
	scope := scopeOf(operation, narrowed(&q))
	q.Now = s.cfg.Now()
	var at hitPlace
	if cursor != "" {
		if err := unseal(cursor, scope, &at); err != nil {
			return result{}, "", err
		}
		if at.N < 1 || at.N >= maxReach {
			return result{}, "", badCursor()
		}
		var err error
		if at.N, err = s.whereIs(ctx, q, at); err != nil {
			return result{}, "", err
		}
	}
	q.Offset, q.Limit = at.N, min(limit, maxReach-at.N)
	res, err := s.cfg.Index.Search(ctx, q)
	if err != nil {
		return result{}, "", err
	}
	out := result{res, q.Offset+len(res.Hits) < res.Total}
	n := q.Offset + len(res.Hits)
	if !out.more || len(res.Hits) == 0 || n >= maxReach {
		return out, "", nil
	}
	return out, seal(scope, hitPlace{n, res.Hits[len(res.Hits)-1].Key().String()}), nil
}

// narrowed lists what decides which hits there are, and in which order; only what is set, so that a cursor outlives a filter
// that is added to the program.
func narrowed(q *index.Query) []string {
	var out []string
	for _, f := range []struct {
		name   string
		values []string
	}{{"q", []string{q.Text}}, {"status", q.Status}, {"kind", q.Kinds}, {"programme", q.Programmes}, {"source", q.Sources},
		{"priority", q.Priorities},
		{"department", q.Departments}, {"action_type", q.Actions}, {"budget", q.Budgets}, {"deadline", q.Deadlines}, {"sort",
			[]string{q.Sort}}, {"lang", []string{q.Lang}}} {
		for _, v := range f.values {
			if v != "" {
				out = append(out, f.name+"="+v)
			}
		}
	}
	for name, t := range map[string]time.Time{"after": q.DeadlineAfter, "before": q.DeadlineBefore} {
		if !t.IsZero() {
			out = append(out, name+"="+t.Format(time.DateOnly))
		}
	}
	if q.AsWritten {
		out = append(out, "as_written")
	}
	slices.Sort(out)
	return out
}

// whereIs gives the number of a hit, from 1, near where it stood.
func (s *Server) whereIs(ctx context.Context, q index.Query, at hitPlace) (int, error) {
	q.Facets, q.Highlight = nil, false
	for _, reach := range []int{0, around} {
		q.Offset = max(at.N-1-reach, 0)
		q.Limit = min(2*reach+1, maxReach-q.Offset)
		res, err := s.cfg.Index.Search(ctx, q)
		if err != nil {
			return 0, err
		}
		if i := slices.IndexFunc(res.Hits, func(h index.Hit) bool { return h.Key().String() == at.Key }); i >= 0 {
			return q.Offset + i + 1, nil
		}
	}
	return 0, staleCursor("the call with which the last page ended is not among the hits any more")
}

// query makes the Filters a query, or says which of them nothing can have.
func (s *Server) query(ctx context.Context, in *Filters) (index.Query, error) {
	q := index.Query{Programmes: unique(in.Programme), Sources: unique(in.Source), Priorities: unique(in.Priority),
		Departments: unique(in.Department),
		Actions:     unique(in.Action), Budgets: unique(in.Budget), Deadlines: unique(in.Deadline)}
	for _, v := range unique(in.Status) {
		q.Status = append(q.Status, string(v))
	}
	for _, v := range unique(in.Kind) {
		q.Kinds = append(q.Kinds, string(v))
	}
	faults, err := s.checkSources(ctx, "query.source", q.Sources)
	if err != nil {
		return q, err
	}
	faults = append(faults, s.checkPriorities("query.priority", q.Priorities)...)
	faults = append(faults, s.checkDepartments("query.department", q.Departments)...)
	for _, d := range []struct {
		name, text string
		into       *time.Time
	}{{"deadline_after", in.DeadlineAfter, &q.DeadlineAfter}, {"deadline_before", in.DeadlineBefore, &q.DeadlineBefore}} {
		if d.text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, d.text, call.Brussels())
		if err != nil {
			faults = append(faults, Fault{fmt.Sprintf("want a day such as 2026-09-30, got %q", short(d.text)), "query." + d.name})
		}
		*d.into = t
	}
	if !q.DeadlineAfter.IsZero() && !q.DeadlineBefore.IsZero() && q.DeadlineBefore.Before(q.DeadlineAfter) {
		faults = append(faults, Fault{"lies before deadline_after", "query.deadline_before"})
	}
	return q, invalid(faults)
}

func unique[T ~string](vs []T) []T {
	if len(vs) == 0 {
		return nil
	}
	vs = slices.Clone(vs)
	slices.Sort(vs)
	return slices.Compact(vs)
}

// checkSource refuses the one source by which a list is narrowed, if it is none; without one there is nothing to refuse.
func (s *Server) checkSource(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	faults, err := s.checkSources(ctx, "query.source", []string{id})
	if err != nil {
		return err
	}
	return invalid(faults)
}

// checkSources finds ids that are no source's: neither one that is watched nor one that calls were imported from.
func (s *Server) checkSources(ctx context.Context, location string, ids []string) ([]Fault, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all := slices.Clone(s.cfg.SourceIDs)
	for _, id := range ids {
		if slices.Contains(all, id) {
			continue
		}
		runs, err := s.cfg.Store.Runs(ctx, id, 1)
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			all = append(all, id)
		}
	}
	return unknown(location, "source", ids, all), nil
}

func (s *Server) checkPriorities(location string, ids []string) []Fault {
	return unknown(location, "priority", ids, s.cfg.Plan().PriorityIDs())
}

func (s *Server) checkDepartments(location string, ids []string) []Fault {
	var known []string
	for _, d := range s.cfg.Plan().Departments {
		known = append(known, d.ID)
	}
	return unknown(location, "department", ids, known)
}

func unknown(location, what string, ids, known []string) []Fault {
	var out []Fault
	for _, id := range ids {
		if !slices.Contains(known, id) {
			out = append(out, fault(location, what, strings.ToValidUTF8(id, "\uFFFD"), known))
		}
	}
	return out
}
