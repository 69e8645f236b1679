package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"utkik/internal/call"
	"utkik/internal/plan"
	"utkik/internal/store"
)

// callPage is one call with all that is known of it.
type callPage struct {
	Frame
	Heading    string
	Language   string
	Kind       string
	Status     string
	StatusName string
	When       string
	URL        string
	Facts      []fact
	Why        []why
	Paragraphs []string
	History    []event
}

type fact struct {
	Name   string
	Values []string
}

type why struct {
	Priority       string
	Plan, PlanLang string
	Call, CallLang string
	Networks       string
}

type event struct{ When, What, Field, From, To string }

func (s *Server) call(_ http.ResponseWriter, r *http.Request) (view, error) {
	f := s.frame(r)
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
	c, now := &rec.Call, s.cfg.Now()
	status := c.StatusAt(now)
	if !rec.Gone.IsZero() {
		status = call.StatusClosed
	}
	p := callPage{
		Frame: f, Heading: c.Title, Language: c.Language, Kind: f.T.Kinds[string(c.Kind)], Status: string(status),
		StatusName: f.T.Statuses[string(status)], When: when(f.T, c, now), URL: webAddress(c.URL), Facts: s.facts(f, &rec),
	}
	p.Title = c.Title + " – " + f.T.Site
	for _, res := range results {
		pr, ok := s.cfg.Plan.Priority(res.Priority)
		if !ok || len(res.Reasons) == 0 {
			continue
		}
		best := res.Reasons[0]
		p.Why = append(p.Why, why{
			Priority: s.priorityName(f, res.Priority), Plan: best.PriorityText, PlanLang: s.cfg.Plan.Language,
			Call: best.CallText, CallLang: c.Language, Networks: networks(pr),
		})
	}
	for _, para := range strings.Split(c.Text, "\n\n") {
		if para = strings.TrimSpace(para); para != "" {
			p.Paragraphs = append(p.Paragraphs, para)
		}
	}
	for i := len(changes) - 1; i >= 0; i-- { // newest first
		p.History = append(p.History, s.event(f, &changes[i]))
	}
	return view{"call", p}, nil
}

// webAddress keeps addresses that a browser may follow.
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return s
}

func (s *Server) facts(f Frame, rec *store.Record) []fact {
	c, t := &rec.Call, f.T
	var out []fact
	add := func(name string, values ...string) {
		var vs []string
		for _, v := range values {
			if v != "" {
				vs = append(vs, v)
			}
		}
		if len(vs) > 0 {
			out = append(out, fact{name, vs})
		}
	}
	var dates []string
	if !c.Opens.IsZero() {
		dates = append(dates, t.Opens+" "+t.moment(c.Opens))
	}
	for _, d := range c.Deadlines {
		dates = append(dates, t.Closes+" "+t.moment(d))
	}
	add(t.Deadlines, dates...)
	add(t.Budget, t.euro(c.BudgetEUR))
	switch {
	case c.MinEUR > 0 && c.MaxEUR > c.MinEUR:
		add(t.PerGrant, t.euro(c.MinEUR)+" – "+t.euro(c.MaxEUR))
	default:
		add(t.PerGrant, t.euro(max(c.MinEUR, c.MaxEUR)))
	}
	if c.Grants > 0 {
		add(t.Grants, fmt.Sprint(c.Grants))
	}
	add(t.Programme, append([]string{c.Programme}, c.Divisions...)...)
	add(t.CallName, c.CallTitle, c.ParentTitle, c.Project, c.Call)
	add(t.Identifier, c.Identifier)
	add(t.ActionTypes, c.ActionTypes...)
	add(t.Eligible, c.Eligible)
	add(t.SourceName, s.sourceName(f, c.Source))
	add(t.FirstSeen, t.moment(call.At(rec.FirstSeen)))
	return out
}

func (t *texts) euro(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(t.Euro, number(n, t.Group))
}

func networks(p *plan.Priority) string {
	var out []string
	seen := map[string]bool{}
	for _, a := range p.Activities {
		for _, n := range a.Networks {
			if !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	return strings.Join(out, ", ")
}

func (s *Server) event(f Frame, ch *call.Change) event {
	e := event{When: f.T.moment(call.At(ch.At)), What: f.T.Events[string(ch.Event)], Field: f.T.Fields[ch.Field], From: s.value(f, ch.Field, ch.Old), To: s.value(f, ch.Field, ch.New)}
	if ch.Event == call.EventNew {
		e.From, e.To = "", ""
	}
	return e
}

// value puts an old or new value of the change log into the reader's words.
func (s *Server) value(f Frame, field, v string) string {
	switch field {
	case "status":
		return f.T.Statuses[v]
	case "budget_eur", "contribution_min_eur", "contribution_max_eur":
		var n int64
		if _, err := fmt.Sscan(v, &n); err == nil {
			return f.T.euro(n)
		}
	case "deadlines", "opens":
		var out []string
		for _, d := range strings.Split(v, ", ") {
			if m, err := call.ParseMoment(d); err == nil {
				d = f.T.moment(m)
			}
			out = append(out, d)
		}
		return strings.Join(out, "; ")
	case "listed":
		if v == "listed" {
			return f.T.Yes
		}
		return ""
	}
	return v
}
