package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// Match is how a call stands to one priority.
type Match struct {
	Priority string         `json:"priority"`
	Name     string         `json:"name" doc:"The priority's, in the plan's language."`
	NameEN   string         `json:"name_en,omitempty"`
	Score    float64        `json:"score" doc:"0 to 1, a rank within the priority; not a probability."`
	Included bool           `json:"included" doc:"Whether a digest carries it."`
	Reasons  []match.Reason `json:"reasons" doc:"Strongest first: the plan's sentence (priority_text) beside the call's (call_text, with what was found between « and »)."`
}

// Matched is a call with the priorities that it concerns.
type Matched struct {
	Source    string        `json:"source"`
	Ref       string        `json:"ref"`
	Title     string        `json:"title"`
	Kind      call.Kind     `json:"kind"`
	Status    call.Status   `json:"status"`
	Deadlines []call.Moment `json:"deadlines"`
	URL       string        `json:"url,omitempty"`
	Web       string        `json:"web"`
	Matches   []Match       `json:"matches" doc:"Of the priorities asked for, best first."`
}

const (
	onlyIncluded = true
	allResults   = false
)

// matches gives how a call stands to the plan, best first.
func (s *Server) matches(ctx context.Context, k call.Key, included bool) ([]Match, error) {
	all, err := s.cfg.Store.Matches(ctx, s.cfg.Plan().ID, k)
	return s.stands(all, included), err
}

// matchesOf gives, for hits, the priorities that include them, best first.
func (s *Server) matchesOf(ctx context.Context, hits []index.Hit) (map[call.Key][]Match, error) {
	keys := make([]call.Key, len(hits))
	for i := range hits {
		keys[i] = hits[i].Key()
	}
	all, err := s.cfg.Store.MatchesAmong(ctx, s.cfg.Plan().ID, keys)
	out := make(map[call.Key][]Match, len(all))
	for k, results := range all {
		out[k] = s.stands(results, onlyIncluded)
	}
	return out, err
}

func (s *Server) stands(results []match.Result, included bool) []Match {
	p := s.cfg.Plan()
	var out []Match
	for _, r := range results {
		if included && !r.Included {
			continue
		}
		m := Match{Priority: r.Priority, Name: r.Priority, Score: r.Score, Included: r.Included, Reasons: r.Reasons}
		if pr, ok := p.Priority(r.Priority); ok {
			m.Name, m.NameEN = pr.Name, pr.NameEN
		}
		out = append(out, m)
	}
	return out
}

type matchesInput struct {
	Filters
	Sort   string `query:"sort" enum:"deadline,newest" default:"deadline"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Calls in one answer."`
	Cursor string `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type matchesOutput struct {
	Body struct {
		Plan   string    `json:"plan" doc:"Id of the plan."`
		Total  int       `json:"total"`
		Calls  []Matched `json:"calls"`
		Next   string    `json:"next,omitempty" doc:"Where to go on; none on the last page."`
		Capped bool      `json:"capped,omitempty" doc:"There is more, but a list reaches no further than 10,000 calls: narrow it."`
	}
}

type ofCallOutput struct {
	Body struct {
		Plan    string  `json:"plan"`
		Source  string  `json:"source"`
		Ref     string  `json:"ref"`
		Matches []Match `json:"matches"`
	}
}

func (s *Server) listMatches(ctx context.Context, in *matchesInput) (*matchesOutput, error) {
	q, err := s.query(ctx, &in.Filters)
	if err != nil {
		return nil, err
	}
	p := s.cfg.Plan()
	wanted := q.Priorities
	if len(q.Priorities) == 0 {
		q.Priorities = p.PriorityIDs()
	}
	q.Sort = in.Sort
	res, next, err := s.turn(ctx, "matches", q, in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &matchesOutput{}
	out.Body.Plan, out.Body.Total, out.Body.Next, out.Body.Calls = p.ID, res.Total, next, []Matched{}
	out.Body.Capped = next == "" && res.more
	matches, err := s.matchesOf(ctx, res.Hits)
	if err != nil {
		return nil, err
	}
	for i := range res.Hits {
		h := &res.Hits[i]
		m := Matched{h.Source, h.Ref, h.Title, h.Kind, h.Status, h.Deadlines, webURL(h.URL), s.web(h.Key()), []Match{}}
		for _, x := range matches[h.Key()] {
			if len(wanted) == 0 || slices.Contains(wanted, x.Priority) {
				m.Matches = append(m.Matches, x)
			}
		}
		out.Body.Calls = append(out.Body.Calls, m)
	}
	return out, nil
}

func (s *Server) getMatches(ctx context.Context, in *KeyInput) (*ofCallOutput, error) {
	if _, err := s.record(ctx, in.key()); err != nil {
		return nil, err
	}
	ms, err := s.matches(ctx, in.key(), allResults)
	if err != nil {
		return nil, err
	}
	out := &ofCallOutput{}
	out.Body.Plan, out.Body.Source, out.Body.Ref, out.Body.Matches = s.cfg.Plan().ID, in.Source, in.Ref, append([]Match{}, ms...)
	return out, nil
}

// Priority is one of the plan's subjects.
type Priority struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	NameEN      string   `json:"name_en,omitempty"`
	Text        string   `json:"text" doc:"What belongs to it, in the plan's language."`
	TextEN      string   `json:"text_en,omitempty"`
	Departments []string `json:"departments" doc:"Ids of the departments that follow it."`
	Networks    []string `json:"networks" doc:"In which the authority coordinates it."`
	Counts      Counts   `json:"counts" doc:"How many calls concern it."`
	Web         string   `json:"web" doc:"The page that shows them."`
}

// Counts is how many calls are how.
type Counts struct {
	Open        int `json:"open"`
	Forthcoming int `json:"forthcoming"`
	Closed      int `json:"closed"`
}

type prioritiesOutput struct {
	Body struct {
		Plan       string     `json:"plan"`
		Name       string     `json:"name"`
		Language   string     `json:"language" doc:"Of the plan's own words, BCP 47."`
		Priorities []Priority `json:"priorities" doc:"In the plan's order."`
	}
}

func (s *Server) listPriorities(ctx context.Context, _ *struct{}) (*prioritiesOutput, error) {
	p := s.cfg.Plan()
	out := &prioritiesOutput{}
	out.Body.Plan, out.Body.Name, out.Body.Language, out.Body.Priorities = p.ID, p.Name, p.Language, []Priority{}
	for i := range p.Priorities {
		pr := &p.Priorities[i]
		res, err := s.cfg.Index.Search(ctx, index.Query{Priorities: []string{pr.ID}, Facets: []string{index.FacetStatus},
			Limit: 1, Now: s.cfg.Now()})
		if err != nil {
			return nil, err
		}
		x := Priority{ID: pr.ID, Name: pr.Name, NameEN: pr.NameEN, Text: pr.Text, TextEN: pr.TextEN, Departments: []string{},
			Networks: []string{},
			Web:      s.base() + "/?priority=" + pr.ID}
		for _, c := range res.Facets[index.FacetStatus] {
			switch call.Status(c.Value) {
			case call.StatusOpen:
				x.Counts.Open = c.Count
			case call.StatusForthcoming:
				x.Counts.Forthcoming = c.Count
			case call.StatusClosed:
				x.Counts.Closed = c.Count
			}
		}
		for _, d := range p.Departments {
			if slices.Contains(d.Priorities, pr.ID) {
				x.Departments = append(x.Departments, d.ID)
			}
		}
		for _, a := range pr.Activities {
			for _, n := range a.Networks {
				if !slices.Contains(x.Networks, n) {
					x.Networks = append(x.Networks, n)
				}
			}
		}
		out.Body.Priorities = append(out.Body.Priorities, x)
	}
	return out, nil
}

// Decision is what was decided about a call.
type Decision struct {
	Source     string              `json:"source"`
	Ref        string              `json:"ref"`
	Department string              `json:"department,omitempty" doc:"Whose decision it is: a department's,"`
	Recipient  string              `json:"recipient,omitempty" doc:"or a recipient's."`
	Decision   subscription.Choice `json:"decision" enum:"follow,act,not-relevant,none" doc:"follow: tell us what happens to it. act: we take this one. not-relevant: tell us no more of it. none: an earlier one is taken back."`
	Why        string              `json:"why,omitempty"`
	Who        string              `json:"who,omitempty" doc:"A role or a name, as given."`
	At         time.Time           `json:"at"`
}

type decisionBody struct {
	_          struct{}            `additionalProperties:"false"`
	Source     string              `json:"source" minLength:"1"`
	Ref        string              `json:"ref" minLength:"1"`
	Department string              `json:"department,omitempty" doc:"Either this"`
	Recipient  string              `json:"recipient,omitempty" doc:"or this."`
	Decision   subscription.Choice `json:"decision" enum:"follow,act,not-relevant,none"`
	Why        string              `json:"why,omitempty" doc:"Required for not-relevant." maxLength:"2000"`
	Who        string              `json:"who,omitempty" doc:"Who decided, as a role; without it whoever the key belongs to." maxLength:"200"`
}

type decisionInput struct{ Body decisionBody }

type decisionOutput struct{ Body Decision }

type decisionsInput struct {
	Source string `query:"source" doc:"With ref: every decision about that call."`
	Ref    string `query:"ref" maxLength:"500"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
	Cursor string `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type decisionsOutput struct {
	Body struct {
		Decisions []Decision `json:"decisions"`
		Next      string     `json:"next,omitempty" doc:"Where to go on; none on the last page."`
	}
}

func decisionOf(d *subscription.Decision) Decision {
	return Decision{d.Key.Source, d.Key.Ref, d.Department, d.Recipient, d.Choice, d.Why, d.Who, d.At}
}

// decisionPlace is a place among decisions: behind that one.
type decisionPlace struct {
	Source     string `json:"k"`
	Ref        string `json:"r"`
	Department string `json:"d,omitempty"`
	Recipient  string `json:"p,omitempty"`
	N          int    `json:"n,omitempty"` // of one call's: how many were given
}

func (s *Server) listDecisions(ctx context.Context, in *decisionsInput) (*decisionsOutput, error) {
	if (in.Source == "") != (in.Ref == "") {
		return nil, invalid([]Fault{{"give source and ref, or neither", "query.ref"}})
	}
	scope := scopeOf("decisions", []string{in.Source, in.Ref})
	var at decisionPlace
	if in.Cursor != "" {
		if err := unseal(in.Cursor, scope, &at); err != nil {
			return nil, err
		}
	}
	key := call.Key{Source: in.Source, Ref: in.Ref}
	var all []subscription.Decision
	var err error
	if in.Ref != "" {
		if _, err := s.record(ctx, key); err != nil {
			return nil, err
		}
		if all, err = s.cfg.Store.DecisionsOf(ctx, key); err != nil {
			return nil, err
		}
		all = all[min(max(at.N, 0), len(all)):] // none is ever taken out
	} else {
		if all, err = s.cfg.Store.Decisions(ctx); err != nil {
			return nil, err
		}
		after := subscription.Decision{Key: call.Key{Source: at.Source, Ref: at.Ref}, Department: at.Department,
			Recipient: at.Recipient}
		i := slices.IndexFunc(all, func(d subscription.Decision) bool {
			return in.Cursor == "" || compareDecisions(&d,
				&after) > 0
		})
		if i < 0 {
			i = len(all)
		}
		all = all[i:]
	}
	out := &decisionsOutput{}
	out.Body.Decisions = []Decision{}
	for i := range all[:min(in.Limit, len(all))] {
		out.Body.Decisions = append(out.Body.Decisions, decisionOf(&all[i]))
	}
	if len(all) > in.Limit {
		last := &all[in.Limit-1]
		next := decisionPlace{last.Key.Source, last.Key.Ref, last.Department, last.Recipient, 0}
		if in.Ref != "" {
			next = decisionPlace{N: at.N + in.Limit}
		}
		out.Body.Next = seal(scope, next)
	}
	return out, nil
}

// compareDecisions is the order in which the store gives them.
func compareDecisions(a, b *subscription.Decision) int {
	if c := a.Key.Compare(b.Key); c != 0 {
		return c
	}
	return slices.Compare([]string{a.Department, a.Recipient}, []string{b.Department, b.Recipient})
}

func (s *Server) createDecision(ctx context.Context, in *decisionInput) (*decisionOutput, error) {
	b := &in.Body
	actor := account.From(ctx)
	d := subscription.Decision{Key: call.Key{Source: b.Source, Ref: b.Ref}, Department: b.Department, Recipient: b.Recipient,
		Choice: b.Decision, Why: b.Why, Who: b.Who, At: s.cfg.Now().UTC().Truncate(time.Millisecond)}
	if d.Who == "" {
		d.Who = actor.Name
	}
	if d.Who == "" {
		d.Who = actor.ID
	}
	if err := d.Check(); err != nil {
		return nil, invalid([]Fault{{err.Error(), "body"}})
	}
	var faults []Fault
	if d.Department != "" {
		faults = s.checkDepartments("body.department", []string{d.Department})
	}
	if d.Recipient != "" {
		if _, err := s.recipient(ctx, d.Recipient); err != nil {
			return nil, err
		}
	}
	if err := invalid(faults); err != nil {
		return nil, err
	}
	if _, err := s.record(ctx, d.Key); err != nil {
		return nil, err
	}
	// What is so already is given back as it stands: a request that is sent again after a lost answer does nothing twice.
	all, err := s.cfg.Store.DecisionsOf(ctx, d.Key)
	if err != nil {
		return nil, err
	}
	for _, was := range slices.Backward(all) {
		if was.Department == d.Department && was.Recipient == d.Recipient {
			if was.Choice == d.Choice && was.Why == d.Why {
				return &decisionOutput{decisionOf(&was)}, nil
			}
			break
		}
	}
	whose := "department " + d.Department
	if d.Recipient != "" {
		whose = "recipient " + d.Recipient
	}
	if err := s.cfg.Store.Decide(audited(ctx, "decision.set", d.Key.String(), string(d.Choice)+" for "+whose), d); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil, notFound(fmt.Sprintf("call %q", d.Key), "it was removed meanwhile")
		}
		return nil, err
	}
	return &decisionOutput{decisionOf(&d)}, nil
}
