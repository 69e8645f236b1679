package web

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
)

// callPage is one call with all that is known of it.
type callPage struct {
	Frame
	Heading    string
	HeadingIn  string // language of the heading
	Language   string // of the rest
	Status     string
	StatusName string
	When       moment
	Gone       string // the sentence about what left its source
	URL        string
	AtSource   string
	Glance     []fact // what is asked first
	Facts      []fact
	Dates      []dated
	Line       *line     // the dates as a picture; nil where there is nothing to draw
	Expected   string    // when it is to open, in words, where no day is stated
	Links      []webLink // documents and pages that its source names
	Calendar   string    // address of its last days for a calendar; empty when it has none
	Odds       string    // the sentence about other last days that other sources state
	AlsoAt     []other   // other sources' items of the same call
	Parts      []family  // the call that it is a topic of, or its topics
	Why        []why
	Decided    []verdict
	Decide     *decideForm // of who may decide
	Text       []block
	Similar    []alike
	History    []event
	Originals  []original
}

type fact struct {
	Name   string
	Values []string
}

type webLink struct{ URL, Name string }

// why is one priority of the plan that the call concerns.
type why struct {
	Priority string
	Link     string // to all that concerns it
	Quotes   []quote
	Against  []quote // what holds it back
	Networks []string
}

// quote holds words of the plan against words of the call.
type quote struct {
	Whose          string // plan, or what else the first sentence is
	Plan, PlanLang string
	Weight         string // points, with a sign; of what has no sentence of the call beside it
	Found          []found
}

// found is a sentence of a call that was held against one of the plan.
type found struct {
	From   string // which part of the call
	Call   []part
	Lang   string
	Weight string // points, with a sign
}

type part struct {
	Text   string
	Marked bool
}

// maxQuotes is how many reasons are shown of a priority; the strongest come first.
const maxQuotes = 3

func (s *Server) call(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, ctx := s.frame(r), r.Context()
	key := call.Key{Source: r.PathValue("source"), Ref: r.PathValue("ref")}
	rec, err := s.cfg.Store.Record(r.Context(), key)
	if err != nil {
		return view{}, err
	}
	results, err := s.results(r.Context(), key)
	if err != nil {
		return view{}, err
	}
	changes, err := s.cfg.Store.Changes(r.Context(), store.ChangeQuery{Key: key})
	if err != nil {
		return view{}, err
	}
	versions, err := s.cfg.Store.Versions(ctx, key)
	if err != nil {
		return view{}, err
	}
	c, now := rec.Call, s.cfg.Now()
	c.Status = c.StatusAt(now)
	title, in := c.TitleIn(f.Lang)
	p := callPage{Frame: f, Heading: cmp.Or(title, c.Identifier, c.Ref), HeadingIn: tag(in), Language: tag(c.Language), Glance: s.glance(f, &c), Facts: s.facts(f, &rec)}
	for _, l := range c.Links {
		if host := webHost(l.URL); host != "" {
			p.Links = append(p.Links, webLink{l.URL, cmp.Or(l.Title, host)})
		}
	}
	p.Title = f.titled(p.Heading)
	if !rec.Gone.IsZero() {
		c.Status = call.StatusClosed
		p.Gone = fmt.Sprintf(f.T.Gone, f.T.day(rec.Gone))
	}
	p.Status, p.StatusName, p.When = string(c.Status), f.T.Statuses[string(c.Status)], when(f.T, &c, now)
	if c.Opens.IsZero() && len(c.Deadlines) == 0 && c.Expected != "" {
		p.Expected = f.T.ExpectedIn + " " + c.Expected
		p.When = moment{Day: p.Expected}
	}
	p.Dates, p.Line = s.dates(f, &c, now)
	if host := webHost(c.URL); host != "" {
		p.URL, p.AtSource = c.URL, fmt.Sprintf(f.T.AtSource, host)
	}
	if _, ahead := c.NextDeadline(now); ahead && c.Status != call.StatusClosed {
		p.Calendar = f.address("/calendar/"+key.Path(), url.Values{})
	}
	for _, res := range results {
		p.Why = append(p.Why, s.why(f, &c, res))
	}
	if err := s.others(r.Context(), f, &p, &rec.Call); err != nil {
		return view{}, err
	}
	p.Text = blocks(c.Text)
	p.History = s.history(f, changes, versions)
	if p.Similar, err = s.similar(ctx, f, &c); err != nil {
		return view{}, err
	}
	if p.Originals, err = s.originals(ctx, f, key, versions); err != nil {
		return view{}, err
	}
	if p.Decided, p.Decide, err = s.decisions(r, f, key); err != nil {
		return view{}, err
	}
	return view{page: "call", data: p}, nil
}

func (s *Server) why(f Frame, c *call.Call, res match.Result) why {
	w := why{
		Priority: s.priorityName(f, res.Priority),
		Link:     f.address("/", asked{chosen: map[string][]string{index.FacetPriority: {res.Priority}}}.values()),
	}
	if pr, ok := s.cfg.Plan.Priority(res.Priority); ok {
		w.Networks = s.networks(f, pr)
	}
	var shown, against int
	for i := range res.Reasons {
		list, n := &w.Quotes, &shown
		if res.Reasons[i].Weight < 0 {
			list, n = &w.Against, &against
		}
		if *n < maxQuotes && s.quote(f, c, &res.Reasons[i], list) {
			*n++
		}
	}
	return w
}

// quote words one reason of a match: whose sentence it is, which part of the call it was held against, and the points. Reasons
// that go back to the same sentence of the plan stand under it together. It tells whether something was added that was not there.
func (s *Server) quote(f Frame, c *call.Call, r *match.Reason, list *[]quote) bool {
	q := quote{Whose: f.T.WhyPlan, Plan: r.PriorityText, PlanLang: tag(s.cfg.Plan.Language)}
	if f.Lang == "en" && r.PriorityEN != "" {
		q.Plan, q.PlanLang = r.PriorityEN, ""
	}
	if whose, ok := f.T.WhyKinds[string(r.Kind)]; ok {
		q.Whose = whose
	}
	weight := ""
	if r.Weight != 0 { // a decision has no points
		weight = fmt.Sprintf(f.T.WhyPoints, f.decimal(math.Abs(r.Weight)))
	}
	at := slices.IndexFunc(*list, func(o quote) bool { return o.Whose == q.Whose && o.Plan == q.Plan })
	if r.CallText == "" {
		q.Weight = weight
		if at < 0 {
			*list = append(*list, q)
		}
		return at < 0
	}
	if at < 0 {
		*list, at = append(*list, q), len(*list)
	}
	from, ok := f.T.WhyFields[r.Field]
	if !ok {
		from = f.T.WhyCall
	}
	said, all := parts(r.CallText), &(*list)[at].Found
	if slices.ContainsFunc(*all, func(o found) bool { return slices.Equal(o.Call, said) }) {
		return false
	}
	*all = append(*all, found{from, said, tag(c.Language), weight})
	return true
}

// parts takes a reason's sentence apart at the marks «» that the matcher puts around what it found.
func parts(s string) []part {
	var out []part
	for s != "" {
		before, rest, open := strings.Cut(s, "«")
		found, after, closed := strings.Cut(rest, "»")
		if !open || !closed {
			return append(out, part{s, false})
		}
		if before != "" {
			out = append(out, part{before, false})
		}
		out = append(out, part{found, true})
		s = after
	}
	return out
}

// webHost is the host of an address that a browser may follow; empty for any other.
func webHost(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// adder gathers facts, and leaves out what is not stated.
type adder []fact

func (a *adder) add(name string, values ...string) {
	var vs []string
	for _, v := range values {
		if v != "" {
			vs = append(vs, v)
		}
	}
	if len(vs) > 0 {
		*a = append(*a, fact{name, vs})
	}
}

// glance is what is asked of a call before anything else.
func (s *Server) glance(f Frame, c *call.Call) []fact {
	t := f.T
	var out adder
	out.add(t.Facets[index.FacetKind], t.Kinds[string(c.Kind)])
	out.add(t.Budget, t.euro(c.BudgetEUR))
	switch {
	case c.MinEUR > 0 && c.MaxEUR > c.MinEUR:
		out.add(t.PerGrant, t.euro(c.MinEUR)+" – "+t.euro(c.MaxEUR))
	default:
		out.add(t.PerGrant, t.euro(max(c.MinEUR, c.MaxEUR)))
	}
	if c.Grants > 0 {
		out.add(t.Grants, number(int64(c.Grants), t.Group))
	}
	out.add(t.Eligible, c.Eligible)
	return out
}

func (s *Server) facts(f Frame, rec *store.Record) []fact {
	c, t := &rec.Call, f.T
	var out adder
	if title, _ := c.TitleIn(f.Lang); title != c.Title {
		out.add(t.SourceTitle, c.Title)
	}
	out.add(t.Programme, append([]string{c.Programme}, c.Divisions...)...)
	out.add(t.CallName, c.CallTitle, c.ParentTitle, c.Project, c.Call)
	out.add(t.Identifier, c.Identifier)
	out.add(t.ActionTypes, c.ActionTypes...)
	out.add(t.Sheet.Topics, c.Topics...)
	out.add(t.SourceName, s.sourceName(f, c.Source))
	out.add(t.FirstSeen, t.day(rec.FirstSeen))
	return out
}

func (t *texts) euro(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(t.Euro, number(n, t.Group))
}

// networks are those in which a priority is coordinated: by their names, with what the plan calls them.
func (s *Server) networks(f Frame, p *plan.Priority) []string {
	var out []string
	seen := map[string]bool{}
	for _, a := range p.Activities {
		for _, n := range a.Networks {
			if seen[n] {
				continue
			}
			seen[n] = true
			i := slices.IndexFunc(s.cfg.Plan.Networks, func(x plan.Network) bool { return x.ID == n })
			if i >= 0 && s.cfg.Plan.Networks[i].Name != n {
				n = fmt.Sprintf(f.T.Sheet.NetworkIn, s.cfg.Plan.Networks[i].Name, n)
			}
			out = append(out, n)
		}
	}
	return out
}
