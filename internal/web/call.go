package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

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
	Facts      []fact
	Links      []webLink // documents and pages that its source names
	Calendar   string    // address of its last days for a calendar; empty when it has none
	Odds       string    // the sentence about other last days that other sources state
	AlsoAt     []other   // other sources' items of the same call
	Parts      []family  // the call that it is a topic of, or its topics
	Why        []why
	Paragraphs []string
	History    []event
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
	Networks string
}

// quote holds words of the plan against words of the call.
type quote struct {
	Plan, PlanLang string
	Call           []part
	CallLang       string
}

type part struct {
	Text   string
	Marked bool
}

// event is a line of the call's history. Change says from what to what, where that can be said.
type event struct{ When, What, Field, Change string }

// maxQuotes is how many reasons are shown of a priority; the strongest come first.
const maxQuotes = 3

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
	c, now := rec.Call, s.cfg.Now()
	c.Status = c.StatusAt(now)
	title, in := c.TitleIn(f.Lang)
	p := callPage{Frame: f, Heading: cmp.Or(title, c.Identifier, c.Ref), HeadingIn: tag(in), Language: tag(c.Language), Facts: s.facts(f, &rec)}
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
		p.When = moment{Day: f.T.ExpectedIn + " " + c.Expected}
	}
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
	for _, para := range strings.Split(c.Text, "\n\n") {
		if para = strings.TrimSpace(para); para != "" {
			p.Paragraphs = append(p.Paragraphs, para)
		}
	}
	for i := len(changes) - 1; i >= 0; i-- { // newest first
		p.History = append(p.History, s.event(f, &changes[i]))
	}
	return view{page: "call", data: p}, nil
}

func (s *Server) why(f Frame, c *call.Call, res match.Result) why {
	w := why{
		Priority: s.priorityName(f, res.Priority),
		Link:     f.address("/", asked{chosen: map[string][]string{index.FacetPriority: {res.Priority}}}.values()),
	}
	if pr, ok := s.cfg.Plan.Priority(res.Priority); ok {
		w.Networks = networks(pr)
	}
	for _, reason := range res.Reasons {
		if len(w.Quotes) == maxQuotes {
			break
		}
		if reason.Weight < 0 { // why it stands no higher; not why it is here
			continue
		}
		q := quote{Plan: reason.PriorityText, PlanLang: tag(s.cfg.Plan.Language), Call: parts(reason.CallText), CallLang: tag(c.Language)}
		if !slices.ContainsFunc(w.Quotes, func(o quote) bool { return o.Plan == q.Plan && slices.Equal(o.Call, q.Call) }) {
			w.Quotes = append(w.Quotes, q)
		}
	}
	return w
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
		word := t.Opens
		if c.Opens.Passed(s.cfg.Now()) {
			word = t.OpenedOn
		}
		dates = append(dates, word+" "+t.moment(c.Opens))
	}
	for _, d := range c.Deadlines {
		dates = append(dates, t.Closes+" "+t.moment(d))
	}
	if c.Opens.IsZero() && c.Expected != "" {
		dates = append(dates, t.ExpectedIn+" "+c.Expected)
	}
	add(t.Deadlines, dates...)
	var stages []string
	for _, st := range c.Stages {
		stages = append(stages, t.stage(st))
	}
	add(t.Stages, stages...)
	add(t.Facets[index.FacetKind], t.Kinds[string(c.Kind)])
	add(t.Budget, t.euro(c.BudgetEUR))
	switch {
	case c.MinEUR > 0 && c.MaxEUR > c.MinEUR:
		add(t.PerGrant, t.euro(c.MinEUR)+" – "+t.euro(c.MaxEUR))
	default:
		add(t.PerGrant, t.euro(max(c.MinEUR, c.MaxEUR)))
	}
	if c.Grants > 0 {
		add(t.Grants, number(int64(c.Grants), t.Group))
	}
	if title, _ := c.TitleIn(f.Lang); title != c.Title {
		add(t.SourceTitle, c.Title)
	}
	add(t.Programme, append([]string{c.Programme}, c.Divisions...)...)
	add(t.CallName, c.CallTitle, c.ParentTitle, c.Project, c.Call)
	add(t.Identifier, c.Identifier)
	add(t.ActionTypes, c.ActionTypes...)
	add(t.Eligible, c.Eligible)
	add(t.SourceName, s.sourceName(f, c.Source))
	add(t.FirstSeen, t.day(rec.FirstSeen))
	return out
}

// stage says one line of a timeline: what was asked, and from when to when.
func (t *texts) stage(s call.Stage) string {
	switch {
	case s.Opens.IsZero() && s.Closes.IsZero():
		return s.Name
	case s.Closes.IsZero():
		return s.Name + ": " + t.moment(s.Opens) + " –"
	case s.Opens.IsZero():
		return s.Name + ": – " + t.moment(s.Closes)
	}
	return s.Name + ": " + t.moment(s.Opens) + " – " + t.moment(s.Closes)
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
	t := f.T
	e := event{When: t.moment(call.At(ch.At)), What: t.Events[string(ch.Event)]}
	switch ch.Event {
	case call.EventNew:
		if ch.Baseline {
			e.What = t.Baseline
		}
		return e
	case call.EventStatus:
		if ch.Field == "listed" {
			e.What = t.Returned
			return e
		}
		e.Change = s.change(f, ch)
	case call.EventWithdrawn, call.EventOpened, call.EventClosed: // say it all
	default:
		e.Change = s.change(f, ch)
	}
	if ch.Event == call.EventText {
		e.Field = t.Fields[ch.Field]
	}
	if ch.Mended {
		e.What = fmt.Sprintf(t.Mended, e.What)
	}
	return e
}

// change says from what to what.
func (s *Server) change(f Frame, ch *call.Change) string {
	from, to := s.value(f, ch.Field, ch.Old), s.value(f, ch.Field, ch.New)
	switch {
	case from != "" && to != "" && from != to:
		return fmt.Sprintf(f.T.ChangeBoth, from, to)
	case to != "":
		return fmt.Sprintf(f.T.ChangeTo, to)
	case from != "":
		return fmt.Sprintf(f.T.ChangeFrom, from)
	}
	return ""
}

// day is the day of an instant, in Swedish time.
func (t *texts) day(at time.Time) string {
	local := at.In(call.Brussels())
	return t.moment(call.Day(local.Year(), local.Month(), local.Day()))
}

// maxValue is how many letters of an old or new value the history shows.
const maxValue = 200

// value puts an old or new value of the change log into the reader's words.
func (s *Server) value(f Frame, field, v string) string {
	switch field {
	case "status":
		return f.T.Statuses[v]
	case "kind":
		return cmp.Or(f.T.Kinds[v], v)
	case "text":
		var n int64
		if _, err := fmt.Sscan(v, &n); err == nil {
			return fmt.Sprintf(f.T.Characters, number(n, f.T.Group))
		}
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
	}
	return short(v, maxValue)
}
